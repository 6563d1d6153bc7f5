// Package report tells what happened in all accounts together, by the minute: how many streams there were at once, what was started, refused and
// ended, and how long it lasted.
//
// A Sink takes the events of the outbox and keeps Facts of them: a hold, which is the time that a stream had its slot without a break, an end and a
// refusal. Events come at least once, also long after others that followed them. Facts don't mind: each is known by its id, a repetition changes
// nothing, and what ends a hold ends only one that began before it. They are kept for as long as events may come again.
//
// A Folder makes the counts of each minute that is over from all facts that touch it, and puts them in place of what was there. So a minute may be
// folded again, by anyone: when a fact comes late, or when a replica was killed half-way. Hours are made of their minutes. Counts have no account
// in them.
package report
