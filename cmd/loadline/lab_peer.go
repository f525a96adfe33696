package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"loadline/probes/tcp/peer"
)

// labPeer is the far end of net.tcp on another machine.
func labPeer(a app) *cobra.Command {
	var cert, key string
	c := &cobra.Command{
		Use: "peer [HOST:PORT]", Short: "answer the echoes, uploads and downloads of net.tcp until interrupted",
		Long: `peer is the far end that work of the kind net.tcp needs for mode: echo, upload
and download. Start it behind the balancer, and name the balancer's address and
this one as the targets of the two arms. It keeps nothing of what it is sent,
asks nobody who they are, and serves all who reach it: open it to the test
network alone.`,
		Example: "  loadline lab peer 10.0.0.12:7007\n  loadline lab peer :7443 --cert peer.pem --key peer.key",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			at := "127.0.0.1:7007"
			if len(args) > 0 {
				at = args[0]
			}
			l, err := listenPeer(at, cert, key)
			if err != nil {
				return err
			}
			s := peer.Serve(l)
			fmt.Fprintf(a.stdout, "listening on %s\n", s.Addr())
			<-c.Context().Done()
			return s.Close()
		},
	}
	c.Flags().StringVar(&cert, "cert", "", "file with the certificate, PEM; with --key the peer speaks TLS")
	c.Flags().StringVar(&key, "key", "", "file with the certificate's key, PEM")
	return c
}

func listenPeer(at, cert, key string) (net.Listener, error) {
	if (cert == "") != (key == "") {
		return nil, usage(errors.New("lab peer: --cert and --key belong together (hint: give both or neither)"))
	}
	var config *tls.Config
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, usage(fmt.Errorf("lab peer: %w (hint: an unencrypted key and its certificate, in PEM)", err))
		}
		config = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	l, err := net.Listen("tcp", at)
	if err != nil {
		return nil, unreachable(fmt.Errorf("lab peer: %w (hint: an address of this machine and a port that is free)", err))
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	return l, nil
}
