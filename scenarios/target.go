package scenarios

// Role says what an arm is in the comparison.
type Role string

// The roles.
const (
	Reference Role = "reference"
	Candidate Role = "candidate"
	Control   Role = "control"
	// Null is the hidden second reference arm of a design with null_arm; it
	// is made by the plan and cannot be written in a file.
	Null Role = "null"
)

// Words are the roles that a file may give.
func (Role) Words() []string { return []string{"reference", "candidate", "control"} }

// Protocol is the HTTP version an arm speaks.
type Protocol string

// The protocols. Auto negotiates by ALPN on TLS and speaks 1.1 in clear.
const (
	Auto  Protocol = "auto"
	HTTP1 Protocol = "1.1"
	HTTP2 Protocol = "2"
	H2C   Protocol = "h2c"
)

// Words are all protocols.
func (Protocol) Words() []string { return []string{"auto", "1.1", "2", "h2c"} }

// Arm is one alternative under test with one pinned target.
type Arm struct {
	ID     string `json:"id" key:"id" required:"true" pattern:"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$" doc:"letters, digits, - and _, 32 at most"`
	Role   Role   `json:"role" key:"role" required:"true" doc:"reference, candidate, or control (expected not to change)"`
	Target Target `json:"target" key:"target" required:"true" doc:"where the arm's traffic goes and how"`
}

// Target says where an arm's traffic goes and how.
type Target struct {
	// URL is absolute, http or https, without user info and query.
	URL string `json:"url" key:"url" required:"true" doc:"absolute URL, http or https"`
	// Connect are host:port addresses dialled in place of the URL's, in
	// rotation per connection; Host and SNI stay those of the URL.
	Connect []string `json:"connect,omitempty" key:"connect" one:"true" min:"1" max:"64" doc:"host:port to dial in place of the URL's, or a list to rotate over; Host and SNI stay"`
	// Resolve is "once" (default: the name is resolved once per trial, and its
	// first address is dialled), "each" (per connection, its addresses in turn),
	// or an IP address to use.
	Resolve string   `json:"resolve" key:"resolve" default:"once" doc:"once (per trial, the first address), each (connection, the addresses in turn), or an IP address"`
	HTTP    Protocol `json:"http" key:"http" default:"auto" doc:"auto (ALPN), 1.1, 2 or h2c"`
	TLS     TLS      `json:"tls" key:"tls" doc:"TLS settings"`
	Auth    Auth     `json:"auth" key:"auth" doc:"user and password, or bearer"`
	// Backend is the response header that names the backend, if any.
	Backend string `json:"backend,omitempty" key:"backend" pattern:"^[A-Za-z0-9!#$%&'*+.^_|~-]+$" doc:"name of the response header that names the backend"`
	// Proxy is an explicit forward proxy URL; the environment is ignored.
	Proxy string `json:"proxy,omitempty" key:"proxy" doc:"URL of a forward proxy; the proxy environment is ignored"`
	// Congestion is the TCP congestion control of the arm's sockets; empty
	// leaves the system's.
	Congestion string `json:"congestion,omitempty" key:"congestion" pattern:"^[a-z0-9_]{1,15}$" doc:"TCP congestion control of the arm's sockets, such as cubic or bbr"`
}

// TLS are an arm's TLS settings; files are paths.
type TLS struct {
	Insecure   bool   `json:"insecure,omitempty" key:"insecure" default:"false" doc:"accept any certificate"`
	CA         string `json:"ca,omitempty" key:"ca" doc:"file with the authorities to trust, PEM"`
	Cert       string `json:"cert,omitempty" key:"cert" doc:"file with the client certificate, PEM"`
	Key        string `json:"key,omitempty" key:"key" doc:"file with the client certificate's key, PEM"`
	ServerName string `json:"server_name,omitempty" key:"server_name" doc:"name to ask for and to expect, in place of the URL's"`
}

// Auth is how an arm's requests authenticate; at most one of the two is set.
type Auth struct {
	User     string  `json:"user,omitempty" key:"user" doc:"user of basic authentication"`
	Password *Secret `json:"password,omitempty" key:"password" doc:"its password: {env: NAME} or {file: path}"`
	Bearer   *Secret `json:"bearer,omitempty" key:"bearer" doc:"bearer token: {env: NAME} or {file: path}"`
}
