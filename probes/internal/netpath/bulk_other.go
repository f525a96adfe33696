//go:build !linux

package netpath

type bulkCalls struct{}

func (c *Conn) read(p []byte) (int, error)  { return c.tcp.Read(p) }
func (c *Conn) write(p []byte) (int, error) { return c.tcp.Write(p) }
