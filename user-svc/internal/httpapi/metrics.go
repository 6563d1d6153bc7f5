package httpapi

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/fault"
	"streamgate/user-svc/internal/account"
)

// The outcomes of a sign-in, besides account's refusals.
const (
	outcomeSuccess   = "success"
	outcomeMalformed = "malformed"
	outcomeThrottled = "throttled"
	outcomeFailed    = "failed" // our fault, or a dependency's
)

// newSignIns registers the counter of sign-ins. Its outcomes are for operators; the caller isn't told them.
func newSignIns(registry *prometheus.Registry) *prometheus.CounterVec {
	signIns := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "user_sign_ins_total",
		Help: "Sign-ins with a password, by outcome: success, unknown (address), wrong (password), locked, throttled, malformed, failed.",
	}, []string{"outcome"})
	registry.MustRegister(signIns)
	for _, outcome := range []string{
		outcomeSuccess, string(account.RefusedUnknown), string(account.RefusedWrong), string(account.RefusedLocked),
		outcomeThrottled, outcomeMalformed, outcomeFailed,
	} {
		signIns.WithLabelValues(outcome)
	}
	return signIns
}

func outcome(err error) string {
	if refusal, ok := errors.AsType[account.Refusal](err); ok {
		return string(refusal)
	}
	if err == nil {
		return outcomeSuccess
	}
	switch fault.KindOf(err) {
	case fault.TooManyRequests:
		return outcomeThrottled
	case fault.Unavailable, fault.Internal:
		return outcomeFailed
	default:
		return outcomeMalformed
	}
}
