package limit

import "time"

// A cell is the whole state of one key under one rule, as one instant: the cell
// is equal to an absent one once that instant has come. So a table can tell a
// live cell without knowing its rule.
//
// A rate's cell is the theoretical arrival time: the moment at which all that
// was spent has come back. A quota's cell is the end of its window, rounded up
// to a multiple of 1<<shift nanoseconds, plus the units spent. The rounding makes
// a window that began at first use longer by less than an eighth, mostly by
// microseconds; an aligned one keeps its exact end, which window recovers.

// window decodes a quota's cell: when its window ends and what was spent in it;
// zeros if the window is over.
func (r *rule) window(cell, now int64) (end, used int64) {
	mask := int64(1)<<r.shift - 1
	end, used = cell&^mask, cell&mask
	if r.aligned {
		end = end / r.per * r.per
	}
	if end <= now {
		return 0, 0
	}
	return end, used
}

// pack encodes a window. A count that does not fit stays at the largest that does.
func (r *rule) pack(end, used int64) int64 {
	mask := int64(1)<<r.shift - 1
	return (end+mask)&^mask | min(max(used, 0), mask)
}

// opens returns the end of a window that starts at now.
func (r *rule) opens(now int64) int64 {
	if r.aligned {
		return (now/r.per + 1) * r.per
	}
	return now + r.per
}

// spend returns the cell after cost units at now, and the answer about it. If
// the answer is not OK the cell is unchanged. Cost 0 only looks.
func (r *rule) spend(cell, now, cost int64) (int64, Answer) {
	if r.quota {
		return r.spendQuota(cell, now, cost)
	}
	at := max(cell, now)
	a := Answer{Now: now, At: at}
	if cost == 0 {
		a.OK = true
		return cell, a
	}
	if cost > r.most || at+cost*r.each-now > r.most*r.each {
		return cell, a
	}
	a.OK, a.At = true, at+cost*r.each
	return a.At, a
}

func (r *rule) spendQuota(cell, now, cost int64) (int64, Answer) {
	end, used := r.window(cell, now)
	a := Answer{Now: now, At: max(end, now), Used: used}
	a.OK = cost == 0 || cost <= r.most-used
	if cost == 0 || !a.OK {
		return cell, a
	}
	if end == 0 {
		end = r.opens(now)
	}
	cell = r.pack(end, used+cost)
	a.At, a.Used = end, used+cost
	if !r.aligned {
		a.At, _ = r.window(cell, now)
	}
	return cell, a
}

// settle returns the cell after a charge marked mark turned out to be delta
// units more, or fewer if negative. Only what that charge still holds comes
// back: units of it that time has returned already were admitted to others.
func (r *rule) settle(cell, now, delta, mark int64) int64 {
	if r.quota {
		end, used := r.window(cell, now)
		if delta < 0 && (end == 0 || end > mark || used == 1<<r.shift-1) {
			return cell // of a count that is full nobody knows what it lost
		}
		if end == 0 {
			end = r.opens(now)
		}
		return r.pack(end, used+delta)
	}
	delta = max(-maxSpan/r.each, min(delta, maxSpan/r.each))
	if delta < 0 {
		back := min(-delta*r.each, mark-now)
		if back <= 0 {
			return cell
		}
		return max(now, cell-back)
	}
	return min(max(cell, now)+delta*r.each, now+maxSpan)
}

// read turns an answer into what callers are told: units left now, time until
// all of them are back, and time until cost units would pass (-1: never).
func (r *rule) read(a Answer, cost int64) (left int64, reset, retry time.Duration) {
	at := max(a.At, a.Now)
	if r.quota {
		left = r.most
		if at > a.Now {
			left = max(0, r.most-a.Used)
		}
		if cost > left {
			retry = time.Duration(at - a.Now)
		}
	} else {
		left = max(0, (r.most*r.each-(at-a.Now))/r.each)
		if cost <= r.most {
			retry = time.Duration(max(0, at+cost*r.each-r.most*r.each-a.Now))
		}
	}
	if cost > r.most {
		retry = -1
	}
	reset = time.Duration(at - a.Now)
	if r.quota {
		reset = min(reset, time.Duration(r.per)) // a cell's rounding is for the wait, not for show
	}
	return left, reset, retry
}
