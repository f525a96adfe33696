// Package pace says when each op of a trial is due.
//
// A Schedule is a pure function of the op's number: it knows no clock, starts
// no goroutine and never adapts, so that what was due when stays known however
// late the ops ran. That is what distinguishes it from a vegeta Pacer, which
// answers "how long to wait from now" and thereby forgets lateness. Rates are
// vegeta's (its ConstantPacer, LinearPacer and SinePacer are asked for them);
// the due times invert the integral of the rate, and Pacer turns any Schedule
// back into a vegeta Pacer.
//
// With H(t) the integral of the rate from 0 to t, op n is due at the last t with
// H(t) ≤ n: the first op at 0, or when the rate first leaves zero, and no op in
// a pause. Ops whose due time is not before the end of the schedule do not
// exist, so a constant 50/s for 4 s has exactly 200.
//
// Rates are ops per second as float64; times are offsets from the start of the
// schedule.
package pace
