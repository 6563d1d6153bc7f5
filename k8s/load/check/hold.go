package check

import "streamgate/k8s/load/history"

// hold checks that after the store lost its memory, nothing starts until running streams have told of themselves. Half
// of the lease for which this lasts is left for the server's start, which lies before the end of the window.
func (v *view) hold() []Fault {
	var faults []Fault
	for _, w := range v.rule.Windows {
		if w.Excuse&Forgets == 0 {
			continue
		}
		for _, op := range v.ops {
			if op.Verb != history.Start || !op.Done() || op.Invoked < w.To || op.Returned > w.To+v.rule.Lease/2 {
				continue
			}
			s := v.streams[op.Answer.Stream]
			if s.grants[0].attempt.Invoked >= w.To { // else it was put back, and this repeats its start
				faults = append(faults, Fault{"granted while the store may have forgotten what plays", *op})
			}
		}
	}
	return faults
}
