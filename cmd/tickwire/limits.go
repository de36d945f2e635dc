package main

import (
	"fmt"
	"math"
	"time"

	"github.com/alecthomas/kong"

	"tickwire/fanout/gateway"
)

// limitFlags are the limits of the gateway. Their defaults are its own.
type limitFlags struct {
	MaxConnections           int           `group:"limits" help:"Connections in all." default:"${max_connections}"`
	MaxConnectionsPerAddress int           `group:"limits" help:"Connections from one IPv4 address or one /64 of IPv6, this machine apart; 0: no limit, as behind a proxy on another machine." default:"${max_connections_per_address}"`
	HandshakeTime            time.Duration `group:"limits" help:"Time from connecting to the end of the request, and from hello to a token." default:"${handshake_time}"`
	MaxHeader                int           `group:"limits" help:"Bytes of a request's header." default:"${max_header}"`
	MaxMessage               int           `group:"limits" help:"Bytes of a client's message, as it came and inflated." default:"${max_message}"`
	MaxRequests              float64       `group:"limits" help:"Messages a second of a connection." default:"${max_requests}"`
	MaxBurst                 int           `group:"limits" help:"Messages of a connection at once." default:"${max_burst}"`
	MaxTerms                 int           `group:"limits" help:"Symbols and patterns of a connection." default:"${max_terms}"`
	IdleTime                 time.Duration `group:"limits" help:"How long a connection may have nothing subscribed." default:"${idle_time}"`
	Origins                  []string      `group:"limits" help:"Sites whose pages may connect beside the server's own: https://a.example, https://*.b.example, or * for all." placeholder:"ORIGIN"`
}

// limitDefaults are the gateway's, for the tags above.
func limitDefaults() kong.Vars {
	l := gateway.Limits{}.WithDefaults()
	return kong.Vars{
		"max_connections": fmt.Sprint(l.Connections), "max_connections_per_address": fmt.Sprint(l.PerAddress),
		"handshake_time": l.Handshake.String(), "max_header": fmt.Sprint(l.Header), "max_message": fmt.Sprint(l.Message),
		"max_requests": fmt.Sprint(l.Requests), "max_burst": fmt.Sprint(l.Burst), "max_terms": fmt.Sprint(l.Terms), "idle_time": l.Idle.String(),
	}
}

func (f *limitFlags) limits() (gateway.Limits, error) {
	origins, err := gateway.ParseOrigins(f.Origins...)
	if err != nil {
		return gateway.Limits{}, fmt.Errorf("--origins: %w", err)
	}
	l := gateway.Limits{
		Connections: f.MaxConnections, PerAddress: f.MaxConnectionsPerAddress, Handshake: f.HandshakeTime, Header: f.MaxHeader, Message: f.MaxMessage,
		Requests: f.MaxRequests, Burst: f.MaxBurst, Terms: f.MaxTerms, Idle: f.IdleTime, Origins: origins,
	}
	if l.PerAddress == 0 {
		l.PerAddress = math.MaxInt
	}
	for flag, value := range map[string]float64{
		"--max-connections": float64(l.Connections), "--max-connections-per-address": float64(l.PerAddress), "--handshake-time": l.Handshake.Seconds(), "--max-header": float64(l.Header),
		"--max-message": float64(l.Message), "--max-requests": l.Requests, "--max-burst": float64(l.Burst), "--max-terms": float64(l.Terms), "--idle-time": l.Idle.Seconds(),
	} {
		if !(value > 0) {
			return l, fmt.Errorf("%s must be over 0: every limit is on", flag)
		}
	}
	return l, nil
}
