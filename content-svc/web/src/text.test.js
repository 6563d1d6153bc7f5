import assert from 'node:assert/strict';
import test from 'node:test';

Object.defineProperty(globalThis, 'navigator', { value: { languages: ['fr-CA', 'de-AT', 'en'] }, configurable: true });
const { explain, language, languages, showLength, t } = await import('./text.js');

test('the first language that we know is taken', () => {
  assert.equal(language, 'de');
  assert.equal(t('nav.films'), 'Filme');
});

test('every language says everything', () => {
  for (const [code, texts] of Object.entries(languages)) {
    for (const [key, text] of Object.entries(languages.en)) {
      assert.equal(typeof texts[key], typeof text, `${code}: ${key}`);
      if (typeof text === 'function') assert.equal(texts[key].length, text.length, `${code}: ${key}`);
    }
  }
});

test('a problem without words of ours says what the service said', () => {
  assert.equal(explain({ code: 'precondition_failed', detail: 'It was changed meanwhile.' }), 'It was changed meanwhile.');
  assert.equal(explain({ code: 'email_taken', detail: 'x' }), languages.de['problem.email_taken']);
  assert.match(explain({ code: 'media_invalid', detail: 'It is cut off.' }), /^Diese Datei geht nicht.* It is cut off/);
});

test('lengths', () => {
  assert.equal(showLength(14.2), '0:14');
  assert.equal(showLength(3723), '1:02:03');
});
