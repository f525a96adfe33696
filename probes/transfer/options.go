package transfer

import (
	"time"

	"loadline/probes/internal/removal"
	"loadline/scenarios"
	"loadline/scenarios/unit"
)

// Kind is the dotted kind of this probe.
const Kind = "http.transfer"

// Direction is which way the bodies go.
type Direction string

// The directions.
const (
	Upload   Direction = "upload"
	Download Direction = "download"
)

// Verify is how far an op's success is proven.
type Verify string

// The levels of verification, from weak to strong.
const (
	VerifyNone     Verify = "none"     // only lengths are compared
	VerifyDigest   Verify = "digest"   // every byte that arrives
	VerifyReadback Verify = "readback" // every acknowledged upload is read again
)

// Fixture says whose object a download reads.
type Fixture string

// The fixtures.
const (
	Own      Fixture = "own"
	Existing Fixture = "existing"
)

// Options is the work mapping of http.transfer.
type Options struct {
	Kind      string     `key:"kind" required:"true" enum:"http.transfer" doc:"the kind of work: http.transfer"`
	Direction Direction  `key:"direction" required:"true" enum:"upload,download" doc:"upload or download"`
	Size      unit.Bytes `key:"size" min:"0" max:"64TiB" doc:"size of the object, such as 1GiB; cells may override it"`
	Path      string     `key:"path" required:"true" doc:"path after the target's URL; {name} and {size} are expanded, a query is left as written"`
	Method    string     `key:"method" enum:"GET,PUT,POST,PATCH" doc:"PUT for uploads and GET for downloads unless said otherwise"`

	Headers map[string]scenarios.Text `key:"headers" doc:"request headers; a value may be {env: NAME} or {file: path}; {name} and {size} are expanded"`
	Form    *Form                     `key:"form" doc:"send the body as a file in multipart/form-data"`
	Chunked bool                      `key:"chunked" doc:"send the body without announcing its length"`

	Fixture Fixture `key:"fixture" enum:"own,existing" doc:"downloads: own (uploaded first, unmeasured) or existing"`
	Expect  *Expect `key:"expect" doc:"what is known of an existing object"`
	Range   Range   `key:"range" doc:"part of the object: tail 1MiB, 0-1048575 or random 64KiB"`

	Verify   Verify    `key:"verify" enum:"none,digest,readback" doc:"none, digest (what arrives) or readback (every acknowledged body is read again); default: the strongest that applies"`
	Readback Readback  `key:"readback" doc:"how uploads are read back"`
	Receipts *Receipts `key:"receipts" doc:"where the origin says how often it stored a body"`

	Connections    Connections    `key:"connections" doc:"reuse, fresh, shared (HTTP/2), or {idle: 30s}"`
	StallAfter     time.Duration  `key:"stall_after" default:"10s" min:"100ms" max:"1h" doc:"an op that moves no byte for this long is stalled"`
	AnswerAfter    time.Duration  `key:"answer_after" default:"2m" min:"100ms" max:"24h" doc:"an op whose answer is silent for this long has timed out"`
	ExpectContinue Switch         `key:"expect_continue" doc:"ask with Expect: 100-continue before sending the body"`
	Congestion     Congestion     `key:"congestion" doc:"TCP congestion control, such as cubic; or one per arm: {through: bbr}"`
	Delete         removal.Delete `key:"delete" doc:"off, or {method: DELETE, path: /files/{name}}: how to remove what was uploaded"`
	Redirects      int            `key:"redirects" min:"0" max:"20" doc:"how many redirects to follow; 0: a redirect is the answer"`
}

// Form describes a multipart/form-data body with one file.
type Form struct {
	Field    string `key:"field" default:"file" doc:"name of the file's field"`
	Filename string `key:"filename" default:"'{name}'" doc:"file name that is announced"`
	// Fields may be references, as those of headers may.
	Fields map[string]scenarios.Text `key:"fields" doc:"further fields, before the file; a value may be {env: NAME} or {file: path}; {name} and {size} are expanded"`
}

// Expect is what is known of an object that is there already.
type Expect struct {
	Size   unit.Bytes `key:"size" required:"true" min:"0" doc:"its size"`
	SHA256 string     `key:"sha256" doc:"its SHA-256 in hexadecimal digits; without it what the reference serves is the standard"`
}

// Readback says how acknowledged uploads are read again after the timed part.
type Readback struct {
	Arm      string        `key:"arm" default:"other" doc:"the arm to read through; other: the first arm of another role"`
	Parallel int           `key:"parallel" default:"8" min:"1" max:"256" doc:"read-backs at a time"`
	Budget   time.Duration `key:"budget" default:"2m" min:"1s" doc:"time for all read-backs; what is left over is unverified"`
	Path     string        `key:"path" doc:"where an object is read, if not at the path it was written to"`
}

// Receipts is the place where the origin counts what it stored.
type Receipts struct {
	URL   string `key:"url" required:"true" doc:"absolute URL; {name} is expanded"`
	Count string `key:"count" required:"true" doc:"place of the number in the JSON answer, such as stored.count or items[0].n"`
}

// Info describes the probe once.
func (Probe) info() (kind, line string) {
	return Kind, "upload or download bodies of any size over HTTP/1.1 or HTTP/2 and verify every byte"
}
