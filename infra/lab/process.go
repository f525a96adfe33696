package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long a server may take to answer, and to end when told to.
const (
	startLimit = 20 * time.Second
	stopLimit  = 5 * time.Second
)

// firstFD is where a child finds the first of its listening sockets.
const firstFD = 3

// process is a child with a directory and a process group of its own. When this
// process dies, however it dies, the kernel sends the child SIGTERM, on which
// HAProxy and nginx end at once; nginx takes its workers with it.
type process struct {
	name   string
	dir    string
	config string // path of its configuration, named in every error
	log    string // path of its standard output and error

	cmd    *exec.Cmd
	exited chan struct{}
	err    error // of Wait; read after exited

	stopOnce sync.Once
}

// newProcess makes the directory and writes the files into it. Stop removes
// the directory.
func newProcess(name string, files map[string][]byte, config string) (*process, error) {
	dir, err := os.MkdirTemp("", "loadline-"+name+"-*")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &process{name: name, dir: dir, config: filepath.Join(dir, config), log: filepath.Join(dir, "log")}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			os.RemoveAll(dir)
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return p, nil
}

// start runs the program with the listening sockets as file descriptors 3, 4,
// … and waits until ready returns nil.
func (p *process) start(ctx context.Context, cmd *exec.Cmd, listeners []*net.TCPListener, ready func(context.Context) error) error {
	out, err := os.Create(p.log)
	if err != nil {
		return p.fail(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	for _, ln := range listeners {
		f, err := ln.File()
		if err != nil {
			return p.fail(err)
		}
		defer f.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	p.cmd, p.exited = cmd, make(chan struct{})
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return p.fail(err)
	}
	context.AfterFunc(ctx, func() { p.stop() })
	return p.await(ctx, ready)
}

// run starts and waits for the child on one thread: the kernel sends the death
// signal when the thread that started the child ends.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
	close(p.exited)
}

// await asks ready until it agrees, the child has ended, or time is up.
func (p *process) await(ctx context.Context, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return p.fail(fmt.Errorf("ended at once: %v", p.err))
		case <-ctx.Done():
			return p.fail(fmt.Errorf("does not answer within %v: %w", startLimit, err))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// fail stops the child and says what it said. The directory is kept, so that
// the configuration named can be read.
func (p *process) fail(err error) error {
	p.end()
	said, _ := os.ReadFile(p.log)
	text := strings.TrimSpace(string(said))
	if text == "" {
		text = "(it said nothing)"
	}
	return fmt.Errorf("%s with %s: %w\n%s", p.name, p.config, err, text)
}

// stop ends the child and removes its directory.
func (p *process) stop() error {
	var err error
	p.stopOnce.Do(func() {
		p.end()
		err = os.RemoveAll(p.dir)
	})
	return err
}

// end terminates the child by its process id: politely, then with whatever it
// started.
func (p *process) end() {
	if p.cmd == nil || p.cmd.Process == nil {
		return
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopLimit):
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.exited
	}
}

// pid is the child's process id, 0 before it has started.
func (p *process) pid() int {
	if p == nil || p.cmd == nil || p.cmd.Process == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// listen opens n sockets on free loopback ports, to be handed to a child: so
// nobody else can take a port between its choice and its use.
func listen(n int) ([]*net.TCPListener, error) {
	var lns []*net.TCPListener
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			closeAll(lns)
			return nil, err
		}
		lns = append(lns, ln.(*net.TCPListener))
	}
	return lns, nil
}

func closeAll(lns []*net.TCPListener) error {
	var errs []error
	for _, ln := range lns {
		errs = append(errs, ln.Close())
	}
	return errors.Join(errs...)
}
