package loadtest

import (
	"fmt"
	"syscall"
)

// spare is how many files this process opens beside its connections: those to
// Kafka, visitors of churn, reports.
const spare = 500

// openFiles is how many files this process may have open; the runtime has raised
// it as far as it may be. 0: not known.
func openFiles() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), MaxConnections+spare))
}

// fits reports whether there can be so many connections, with so many files; 0
// files: nobody knows.
func fits(connections, files int) error {
	if files > 0 && connections > files-spare {
		return fmt.Errorf("%d connections need as many open files, and %d beside them; this process may have %d: raise that (ulimit -n), or give fewer", connections, spare, files)
	}
	return nil
}
