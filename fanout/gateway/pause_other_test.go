//go:build !linux

package gateway

import "time"

func pause(d time.Duration) { time.Sleep(d) }
