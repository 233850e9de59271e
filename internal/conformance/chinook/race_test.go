//go:build race

package chinook

const raceEnabled = true
