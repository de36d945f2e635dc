//go:build !unix

package broker

// dirLock does nothing on systems without flock: there, keeping two brokers
// out of one directory is up to the caller.
type dirLock struct{}

func lockDir(string) (*dirLock, error) { return &dirLock{}, nil }

func (*dirLock) release() error { return nil }
