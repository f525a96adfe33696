// Package ledger remembers what every op was told about the object it stored,
// asks for each object again after the timed part, and removes what the run
// left on its targets.
//
// Names are handed out in order and are kept on disk before their ops start,
// so that a killed run still knows what it may have left. A receipt is one
// byte per op; the names, seeds and sizes follow from its number.
//
// It does not time anything and is no judge: it counts what was acknowledged,
// found intact, lost, corrupt, stored twice, or refused and stored all the
// same. Numbers of ops count from 0 in each trial.
package ledger
