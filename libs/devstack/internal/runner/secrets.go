package runner

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
)

// secretNames are generated once and kept, so that tokens and media addresses outlive a restart. Each is 32 random
// bytes in base64: a key where the services need a key, and a good password elsewhere.
var secretNames = []string{"GRANT_KEYS", "REFRESH_KEYS", "ADMIN_PASSWORD"}

// ofPair matches the name of the secret that one service shows another, such as ${user-svc-to-session-svc}.
var ofPair = regexp.MustCompile(`\$\{([a-z0-9-]+-svc-to-[a-z0-9-]+-svc)\}`)

// secretsOf returns the names of all secrets that the services need.
func secretsOf(services []Service) []string {
	names := slices.Clone(secretNames)
	for _, service := range services {
		for _, value := range service.Wiring {
			for _, match := range ofPair.FindAllStringSubmatch(value, -1) {
				names = append(names, match[1])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// loadSecrets reads a file of lines NAME=value, after adding those that it lacks.
func loadSecrets(file string, names []string) (variables, error) {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	secrets := parseEnviron(strings.Split(strings.TrimSpace(string(text)), "\n"))
	var missing strings.Builder
	for _, name := range names {
		if secrets[name] == "" {
			secrets[name] = newSecret()
			missing.WriteString(name + "=" + secrets[name] + "\n")
		}
	}
	if missing.Len() == 0 {
		return secrets, nil
	}
	return secrets, appendTo(file, missing.String())
}

func newSecret() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return base64.StdEncoding.EncodeToString(secret)
}

func appendTo(name, text string) error {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
