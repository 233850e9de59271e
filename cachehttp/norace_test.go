//go:build !race

package cachehttp_test

const raceEnabled = false
