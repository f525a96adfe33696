// Package all is the one table that names every probe.
package all

import (
	"loadline/probes"
	"loadline/probes/storm"
	"loadline/probes/tcp"
	"loadline/probes/transfer"
)

// Builtin are the probes in the order in which the manual lists them.
func Builtin() probes.Table {
	return probes.Table{transfer.Probe{}, storm.Probe{}, tcp.Probe{}}
}
