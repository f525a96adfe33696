//go:build !unix

package reach

import "loadline/probes/internal/netpath"

// pending cannot be asked here: a link that died while it was idle shows as a
// reset of the next op.
func pending(*netpath.Conn) waiting { return quiet }
