// Package project reads what a client asks of an answer: which members, which
// items, in which order, and which page. What is not allowed is refused.
package project
