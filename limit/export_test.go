package limit

// At makes m read its clock from now.
func (m *Memory) At(now func() int64) *Memory {
	m.clock = now
	return m
}

// Size returns the bytes that m holds for as long as it lives.
func (m *Memory) Size() int {
	m.once.Do(m.init)
	const g, s, l = places * 16, 16, 64
	return len(m.groups)*g + len(m.spill)*s + len(m.locks)*l
}

// Parts gives tests a look at what a table is made of.
func (m *Memory) Parts() []any { return []any{group{}} }

// Spread returns how many of the keys share the fullest lock.
func (m *Memory) Spread(sum func(i int) uint64, n int) (most int) {
	count := map[int]int{}
	for i := range n {
		count[m.mutex(sum(i))]++
	}
	for _, c := range count {
		most = max(most, c)
	}
	return most
}

// Sum is the hash of key i, as a Limiter makes it.
func (m *Memory) Sum(key []byte) uint64 {
	es, err := m.entries([]Ask{{Key: key, Every: 1, Max: 1}}, false)
	if err != nil {
		panic(err)
	}
	return mix(es[0].hash, 1)
}

// Move exposes one step of an Adaptive: the bound after a window.
func (a *Adaptive) Move(short float64, used, drops int) int {
	a.once.Do(a.init)
	a.drops = drops
	a.move(short, used)
	a.drops = 0
	return int(a.bound)
}
