//go:build race

package valid_test

const raceEnabled = true
