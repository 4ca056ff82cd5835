package process

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Machine describes the machine in one line.
func Machine() string {
	model := "unknown processor"
	for line := range strings.Lines(readText("/proc/cpuinfo")) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%d × %s, %s/%s", runtime.NumCPU(), model, runtime.GOOS, runtime.GOARCH)
}

// readText returns the content of a file of the system; nothing where the system does not have it.
func readText(name string) string {
	raw, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(raw)
}

// ticksPerSecond is the unit of /proc/stat on Linux, whatever the kernel's own clock is.
const ticksPerSecond = 100

// Busy returns the time that the processors have worked since the machine was started, all together; 0 where the system has
// no /proc.
func Busy() time.Duration { return busy(readText("/proc/stat")) }

// busy reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. Time that the
// hypervisor stole counts: it disturbs a measurement as another program does.
func busy(stat string) time.Duration {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0
	}
	var ticks int64
	for i, text := range fields[1:9] {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && i != 3 && i != 4 {
			ticks += n
		}
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond
}

// Own returns the processor time of this program.
func Own() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
