//go:build !race

package valid_test

const raceEnabled = false
