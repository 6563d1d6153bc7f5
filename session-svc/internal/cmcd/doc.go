// Package cmcd reads what players post about themselves: the events of CMCD version 2 (CTA-5004-B, reporting mode "event").
package cmcd
