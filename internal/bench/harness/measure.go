package harness

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

// Sizes of a measurement. Rounds are per run.
const (
	cpuBlock   = 12 * time.Millisecond
	cpuRounds  = 21
	wallBlock  = 4 * time.Millisecond
	wallRounds = 120
)

// sample is what one run found: a figure per row.
type sample []float64

// measure runs a CPU, Wall or Value table once.
func measure(t *Table) (sample, error) {
	switch t.Kind {
	case CPU:
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		return rounds(t, cpuRounds, cpuBlock, cpuTime, true, 0.25)
	case Wall:
		start := time.Now()
		return rounds(t, wallRounds, wallBlock, func() time.Duration { return time.Since(start) }, false, 0.05)
	}
	out := make(sample, len(t.Rows))
	for i, r := range t.Rows {
		v, err := r.Measure()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		out[i] = v
	}
	return out, nil
}

// rounds lets the rows take turns, in another order each round, and returns
// the quantile q of each row's time per operation.
func rounds(t *Table, n int, block time.Duration, clock func() time.Duration, collect bool, q float64) (sample, error) {
	ops := make([]int, len(t.Rows))
	for i, r := range t.Rows {
		var err error
		if ops[i], err = calibrate(r.Run, block, clock); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	all := make([][]float64, len(t.Rows))
	for round := range n {
		for k := range t.Rows {
			i := (k + round) % len(t.Rows)
			if collect {
				runtime.GC() // nobody pays for a neighbour's garbage
			}
			start := clock()
			err := t.Rows[i].Run(ops[i])
			took := clock() - start
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.Rows[i].Name, err)
			}
			all[i] = append(all[i], float64(took)/float64(ops[i]))
		}
	}
	out := make(sample, len(t.Rows))
	for i := range all {
		out[i] = quantile(all[i], q)
	}
	return out, nil
}

// calibrate returns how many operations fill a block.
func calibrate(run func(int) error, block time.Duration, clock func() time.Duration) (int, error) {
	for n := 1; ; n *= 4 {
		start := clock()
		if err := run(n); err != nil {
			return 0, err
		}
		took := clock() - start
		if took >= block/4 || n > 1<<28 {
			return max(1, int(float64(n)*float64(block)/float64(max(took, 1)))), nil
		}
	}
}

// quantile returns the value below which the share q of v lies. It sorts v.
func quantile(v []float64, q float64) float64 {
	slices.Sort(v)
	return v[int(q*float64(len(v)-1))]
}

// median is the middle of v, the lower one of two. It sorts v.
func median(v []float64) float64 { return quantile(v, 0.5) }

// memory returns allocations and bytes per operation, whole numbers as
// testing.AllocsPerRun counts them. Collection is off meanwhile, so that pools
// stay filled and the count is exact.
func memory(run func(int) error) (allocs, size int64, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	if err := run(10); err != nil { // fills pools and caches
		return 0, 0, err
	}
	var a, b runtime.MemStats
	for n := 1; n <= 1000; n *= 10 {
		runtime.ReadMemStats(&a)
		if err := run(n); err != nil {
			return 0, 0, err
		}
		runtime.ReadMemStats(&b)
		allocs, size = int64(b.Mallocs-a.Mallocs)/int64(n), int64(b.TotalAlloc-a.TotalAlloc)/int64(n)
		if b.TotalAlloc-a.TotalAlloc > 8<<20 {
			break
		}
	}
	return allocs, size, nil
}
