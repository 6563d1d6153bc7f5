// Problem is an answer that is an error: a problem document, or none at all (status 0, code offline).
export class Problem extends Error {
  constructor(document, retryAfter = 0) {
    super(document.detail);
    Object.assign(this, document);
    this.retryAfter = retryAfter; // seconds
  }
}

// ask sends a request, and returns the answer if it is a success. Its error is a Problem, or an AbortError.
export async function ask(url, { method, headers = {}, body, signal, keepalive }) {
  const init = { method, headers: { ...headers }, signal, keepalive, cache: 'no-store' };
  if (body instanceof Blob) {
    init.body = body;
  } else if (body !== undefined) {
    init.headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(url, init);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem({ status: 0, code: 'offline', detail: error.message });
  }
  if (answer.ok) return answer;
  let document = { status: answer.status, code: 'unknown', detail: answer.statusText };
  try {
    document = await answer.json();
  } catch {
    // Something between us and the services has answered.
  }
  throw new Problem({ ...document, status: answer.status }, Number(answer.headers.get('Retry-After')) || 0);
}
