//go:build race

package glueful_test

const raceEnabled = true
