package doctor

// Checks are all checks, in the order in which they are reported.
func Checks() []Check {
	return []Check{
		{"processor", processor},
		{"load", load},
		{"memory", memory},
		{"clock", clock},
		{"timers", timers},
		{"open files", openFiles},
		{"local ports", localPorts},
		{"socket buffers", socketBuffers},
		{"congestion control", congestion},
		{"names", names},
		{"proxy environment", proxies},
		{"record directory", recordDirectory},
		{"haproxy", program("haproxy")},
		{"nginx", program("nginx")},
	}
}
