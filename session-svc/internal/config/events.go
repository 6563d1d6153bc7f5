package config

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	libconfig "streamgate/libs/config"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/webhook"
)

// Events are the settings of what other systems are told.
type Events struct {
	Endpoints string        `env:"EVENTS" desc:"endpoints that are told what happens, a JSON list of {name, webhook, ownNetwork} and {name, nats, subject}; none by default"`
	Secrets   []string      `env:"EVENT_SECRETS" desc:"secrets of the endpoints, each name:secret: of a webhook whsec_…, where several sign during a rotation, of NATS a token; pseudonyms:… is the key of pseudonyms"`
	Contents  events.Shown  `env:"EVENT_CONTENTS" envDefault:"plain" desc:"what endpoints see of the ids of contents: plain, pseudonym or none"`
	Devices   events.Shown  `env:"EVENT_DEVICES" envDefault:"plain" desc:"what endpoints see of the names of devices: plain, pseudonym or none"`
	Keep      time.Duration `env:"EVENTS_KEEP" envDefault:"24h" desc:"how long an endpoint may be down until it loses events, 1h to 168h; each account keeps its last 1,000"`
}

// Endpoint is another system that is told what happens.
type Endpoint struct {
	Name string `json:"name"`
	// Webhook is an address, or NATS those of its servers.
	Webhook    string `json:"webhook,omitzero"`
	OwnNetwork bool   `json:"ownNetwork,omitzero"` // the address need not be of the public Internet
	NATS       string `json:"nats,omitzero"`
	Subject    string `json:"subject,omitzero"` // of NATS

	Secrets []string `json:"-"`
}

// pseudonyms is the name of the secret that is no endpoint's.
const pseudonyms = "pseudonyms"

var (
	endpointName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$`)
	natsSubject  = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
)

// defaultSubject begins the subjects of events in NATS.
const defaultSubject = "streamgate.events"

// List returns the endpoints with their secrets. The settings must be valid.
func (e *Events) List() []Endpoint {
	list, _ := e.read()
	return list
}

// PseudonymKey returns the key of the pseudonyms, or nil if there is none. The settings must be valid.
func (e *Events) PseudonymKey() []byte {
	for _, secret := range e.secretsOf(pseudonyms) {
		key, _ := base64.StdEncoding.DecodeString(secret)
		return key
	}
	return nil
}

func (e *Events) secretsOf(name string) (secrets []string) {
	for _, entry := range e.Secrets {
		if of, secret, ok := strings.Cut(entry, ":"); ok && of == name {
			secrets = append(secrets, secret)
		}
	}
	return secrets
}

func (e *Events) read() (list []Endpoint, err error) {
	if e.Endpoints == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(e.Endpoints), &list, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf(`EVENTS: %w; write a JSON list such as [{"name":"billing","webhook":"https://billing.example.com/events"}]`, err)
	}
	for i := range list {
		list[i].Secrets = e.secretsOf(list[i].Name)
		if list[i].NATS != "" && list[i].Subject == "" {
			list[i].Subject = defaultSubject
		}
	}
	return list, nil
}

// pseudonymKey is the least length of the key, in bytes.
const pseudonymKey = 32

// Validate returns every fault.
func (e *Events) Validate() []error {
	var faults libconfig.Faults
	list, err := e.read()
	faults.Add(err)
	names := map[string]bool{pseudonyms: true}
	for i, endpoint := range list {
		where := fmt.Sprintf("EVENTS: endpoint %d", i+1)
		if endpointName.MatchString(endpoint.Name) {
			where = "EVENTS: endpoint " + endpoint.Name
		} else {
			faults.Check(false, "%s: name must be 1 to 32 of a to z, 0 to 9 and -", where)
		}
		faults.Check(!names[endpoint.Name], "%s: the name is taken; give each endpoint its own", where)
		names[endpoint.Name] = true
		faults.Add(endpoint.validate(where)...)
	}
	for i, entry := range e.Secrets { // which no fault may show
		name, _, named := strings.Cut(entry, ":")
		faults.Check(named, "EVENT_SECRETS: number %d is not name:secret", i+1)
		faults.Check(!named || err != nil || names[name], "EVENT_SECRETS: number %d is of %q, which is no endpoint in EVENTS", i+1, name)
	}
	keys := e.secretsOf(pseudonyms)
	for _, text := range keys {
		key, err := base64.StdEncoding.DecodeString(text)
		faults.Check(err == nil && len(key) >= pseudonymKey, "EVENT_SECRETS: pseudonyms is not %d bytes in base64; openssl rand -base64 32 makes them", pseudonymKey)
	}
	faults.Check(len(keys) <= 1, "EVENT_SECRETS: pseudonyms is there %d times; give one", len(keys))
	for name, shown := range map[string]events.Shown{"EVENT_CONTENTS": e.Contents, "EVENT_DEVICES": e.Devices} {
		faults.Check(slices.Contains(events.Shows, shown), "%s: %q is none of plain, pseudonym and none", name, shown)
		faults.Check(shown != events.Pseudonym || len(keys) > 0, "%s: pseudonym wants a key, pseudonyms:<32 bytes in base64> in EVENT_SECRETS", name)
	}
	faults.Check(e.Keep >= time.Hour && e.Keep <= 168*time.Hour, "EVENTS_KEEP: %v is not between 1h and 168h", e.Keep)
	return faults
}

// validate returns the faults of one endpoint.
func (e *Endpoint) validate(where string) []error {
	var faults libconfig.Faults
	switch {
	case (e.Webhook == "") == (e.NATS == ""):
		faults.Check(false, "%s: give it either webhook or nats", where)
	case e.Webhook != "":
		faults.Add(e.checkAddress(where))
		faults.Check(e.Subject == "", "%s: subject is of NATS", where)
		faults.Check(len(e.Secrets) > 0, "%s: has no secret; add %s:whsec_… to EVENT_SECRETS, where … is openssl rand -base64 32", where, e.Name)
		for _, secret := range e.Secrets {
			key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
			good := err == nil && strings.HasPrefix(secret, "whsec_") && len(key) >= 24 && len(key) <= 64
			faults.Check(good, "%s: its secret is not whsec_ and 24 to 64 bytes in base64", where)
		}
	default:
		for address := range strings.SplitSeq(e.NATS, ",") {
			u, err := url.Parse(address)
			good := err == nil && (u.Scheme == "nats" || u.Scheme == "tls") && u.Host != "" && u.User == nil
			faults.Check(good, "%s: nats must be nats://host:port or tls://host:port, several with commas between, and without a password", where)
		}
		faults.Check(natsSubject.MatchString(e.Subject), "%s: subject must be words of letters, digits, _ and - with dots between", where)
		faults.Check(!e.OwnNetwork, "%s: ownNetwork is of webhooks", where)
		faults.Check(len(e.Secrets) <= 1, "%s: has %d secrets; NATS takes one token", where, len(e.Secrets))
	}
	return faults
}

// checkAddress says what is wrong with the address of a webhook.
func (e *Endpoint) checkAddress(where string) error {
	u, err := url.Parse(e.Webhook)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%s: webhook is not an address such as https://billing.example.com/events", where)
	case u.User != nil || u.Fragment != "":
		return fmt.Errorf("%s: webhook must have no password and no fragment; what is sent is signed", where)
	case u.Scheme == "http" && !e.OwnNetwork:
		return fmt.Errorf("%s: webhook must be https, but in your own network (ownNetwork)", where)
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !e.OwnNetwork && !webhook.Public(ip) {
		return fmt.Errorf(`%s: %s is not of the public Internet; set "ownNetwork": true for an endpoint in your own`, where, ip)
	}
	return nil
}
