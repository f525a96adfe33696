//go:build !linux

package netpath

// gather is for kernels that can let a reader sleep until enough has come.
type gather struct{}

// Expect promises that n more bytes follow; it changes nothing here.
func (c *Conn) Expect(int64) {}

func (c *Conn) read(p []byte) (int, error)  { return c.tcp.Read(p) }
func (c *Conn) write(p []byte) (int, error) { return c.tcp.Write(p) }
