package brief

import "fmt"

// Bytes words a number of bytes in powers of 1000, as disks and networks
// are measured.
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n)/1000, 0
	// From 999.95 on, one decimal would round up to 1000.0.
	for size >= 999.95 && unit < len("kMGTPE")-1 {
		size, unit = size/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", size, "kMGTPE"[unit])
}
