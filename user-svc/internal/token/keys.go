package token

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// LoadKeys reads Ed25519 keys in PKCS#8 from PEM files, one per file. Its error joins the faults of all files.
func LoadKeys(files []string) ([]ed25519.PrivateKey, error) {
	var keys []ed25519.PrivateKey
	var faults []error
	for _, file := range files {
		key, err := loadKey(file)
		keys, faults = append(keys, key), append(faults, err)
	}
	return keys, errors.Join(faults...)
}

func loadKey(file string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("TOKEN_KEY_FILES: %s is missing; make it with: openssl genpkey -algorithm ed25519 -out %s", file, file)
	}
	if err != nil {
		return nil, fmt.Errorf("TOKEN_KEY_FILES: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("TOKEN_KEY_FILES: %s is not a PEM file with a %s", file, pemType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("TOKEN_KEY_FILES: %s: %w", file, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("TOKEN_KEY_FILES: %s is of another kind than Ed25519", file)
	}
	return key, nil
}

const pemType = "PRIVATE KEY"

// GenerateKey writes a new key to the file, readable by its owner alone, unless the file exists. The file appears whole
// or not at all. When several processes do it at once, one succeeds and all use its key.
func GenerateKey(file string) error {
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	draft, err := os.CreateTemp(filepath.Dir(file), ".token-key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	defer os.Remove(draft.Name()) //nolint:errcheck // a leftover draft does no harm
	err = pem.Encode(draft, &pem.Block{Type: pemType, Bytes: der})
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return fmt.Errorf("generate key: %w", err)
	}
	// A link, not a rename: it fails if another process was faster.
	if err := os.Link(draft.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("generate key: %w", err)
	}
	return nil
}
