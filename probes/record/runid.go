package record

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"time"
)

// NewRunID is an id that sorts by time and is unique: the UTC time to the
// second and 32 random bits, such as 20231009t083015z-4f1c9a02. It is
// [a-z0-9-]+, so that it can stand in the names of ops.
func NewRunID(now time.Time) string {
	var b [4]byte
	// crypto/rand.Read never fails; it ends the program if it cannot read.
	_, _ = rand.Read(b[:])
	return now.UTC().Format("20060102t150405z") + "-" + hex.EncodeToString(b[:])
}

var runID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func checkRunID(id string) error {
	if !runID.MatchString(id) {
		return fmt.Errorf("run id %q is not [a-z0-9-]+ of at most 63 characters (hint: use record.NewRunID)", id)
	}
	return nil
}
