/** The Talk API over HTTP: requests, answers, errors. */

/** Seconds that a request which does not wait may take. */
const PATIENCE_SECONDS = 20;

/** Seconds on top of what a long poll waits, for the way there and back. */
const POLL_GRACE_SECONDS = 10;

/** The server has refused: `status` says why; 0 is no answer. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {unknown} data
   * @param {number} retryAfter seconds, 0 when the server named none
   */
  constructor(status, data, retryAfter) {
    super(`The server answered ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.data = data;
    this.retryAfter = retryAfter;
  }

  /** Whether asking again may help. */
  get isTemporary() {
    return this.status === 0 || this.status >= 500 || [408, 429].includes(this.status);
  }
}

/** No answer came: nobody knows whether the request arrived. */
export class NetworkError extends ApiError {
  constructor() {
    super(0, undefined, 0);
    this.name = "NetworkError";
    this.message = "The server did not answer.";
  }
}

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {any} data
 * @property {Headers} headers
 *
 * @typedef {object} Options
 * @property {Record<string, string | number | string[]>} [query]
 * @property {Record<string, unknown>} [body]
 * @property {AbortSignal} [signal]
 * @property {number} [seconds] how long the answer may take
 * @property {boolean} [keepalive] goes on when the page is closed
 */

export class Api {
  /** @param {{api: string, ocs: string}} paths of the Talk API, and of all APIs */
  constructor({ api, ocs }) {
    this.talk = api;
    this.root = ocs;
  }

  /** @returns {Promise<Answer>} */
  get(/** @type {string} */ path, /** @type {Options} */ options = {}) {
    return this.request("GET", path, options);
  }

  /** @returns {Promise<Answer>} */
  post(/** @type {string} */ path, body = {}, /** @type {Options} */ options = {}) {
    return this.request("POST", path, { ...options, body });
  }

  /** @returns {Promise<Answer>} */
  put(/** @type {string} */ path, body = {}, /** @type {Options} */ options = {}) {
    return this.request("PUT", path, { ...options, body });
  }

  /** @returns {Promise<Answer>} */
  delete(/** @type {string} */ path, /** @type {Options} */ options = {}) {
    return this.request("DELETE", path, options);
  }

  /**
   * Wait up to `seconds` for an answer that the server holds back until there is news.
   * @returns {Promise<Answer>}
   */
  poll(/** @type {string} */ path, query, seconds, signal) {
    return this.get(path, { query, signal, seconds: seconds + POLL_GRACE_SECONDS });
  }

  /**
   * Send a request below the Talk API, or below that of all apps when `path` starts with "/".
   *
   * Throws the reason of `signal` when that is aborted, ApiError for a refusal and
   * NetworkError when no answer came in time.
   * @returns {Promise<Answer>}
   */
  async request(method, path, { query, body, signal, seconds, keepalive } = {}) {
    const url = path.startsWith("/") ? this.root + path : `${this.talk}/${path}`;
    const search = query ? `?${new URLSearchParams(pairs(query))}` : "";
    const headers = { "OCS-APIRequest": "true", Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    const abort = new AbortController();
    const stop = () => abort.abort(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", stop);
    const timer = setTimeout(() => abort.abort(), 1000 * (seconds ?? PATIENCE_SECONDS));
    try {
      const response = await fetch(url + search, {
        method,
        headers,
        body: body && JSON.stringify(body),
        signal: abort.signal,
        credentials: "same-origin",
        cache: "no-store",
        keepalive,
      });
      return await read(response);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      signal?.throwIfAborted();
      throw new NetworkError();
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }
}

/** Lists become repeated parameters. */
function pairs(query) {
  return Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)]),
  );
}

/** @returns {Promise<Answer>} */
async function read(/** @type {Response} */ response) {
  const { status, headers } = response;
  if (status === 304) return { status, headers, data: [] };
  const isJson = headers.get("Content-Type")?.includes("json");
  const data = isJson ? (await response.json())?.ocs?.data : undefined;
  if (response.ok && data !== undefined) return { status, headers, data };
  const retryAfter = Number(headers.get("Retry-After")) || 0;
  throw new ApiError(response.ok ? 502 : status, data, retryAfter);
}
