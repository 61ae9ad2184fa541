/** The Talk API over HTTP: requests, responses, errors. */

import { Status } from "./constants.js";

/** Seconds that a request which the server answers at once may take. */
const TIMEOUT_SECONDS = 20;

/** Seconds that a long poll may take beyond its own timeout, for the network. */
const POLL_GRACE_SECONDS = 10;

/** The server has refused a request. `status` tells why; it is 0 without a response. */
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

  /** Whether the same request may succeed later. */
  get isTemporary() {
    return (
      this.status === 0 ||
      this.status >= Status.SERVER_ERROR ||
      this.status === Status.REQUEST_TIMEOUT ||
      this.status === Status.TOO_MANY_REQUESTS
    );
  }
}

/** No response came: the request may or may not have reached the server. */
export class NetworkError extends ApiError {
  constructor() {
    super(0, undefined, 0);
    this.name = "NetworkError";
    this.message = "The server did not answer.";
  }
}

/**
 * @typedef {object} ApiResponse
 * @property {number} status
 * @property {any} data `any`: the caller knows the shape that the API documents
 * @property {Headers} headers
 *
 * @typedef {Record<string, string | number | readonly string[] | undefined>} Query
 *
 * @typedef {object} RequestOptions
 * @property {Query} [query]
 * @property {object} [body]
 * @property {AbortSignal} [signal]
 * @property {number} [seconds] how long the response may take
 * @property {boolean} [keepalive] the request goes on when the page is closed
 */

export class Api {
  #talkUrl;
  #ocsUrl;

  /** @param {{api: string, ocs: string}} urls of the Talk API, and of the APIs of all apps */
  constructor({ api, ocs }) {
    this.#talkUrl = api;
    this.#ocsUrl = ocs;
  }

  /**
   * @param {string} path
   * @param {RequestOptions} [options]
   */
  get(path, options) {
    return this.#request("GET", path, options);
  }

  /**
   * @param {string} path
   * @param {object} [body]
   * @param {RequestOptions} [options]
   */
  post(path, body = {}, options = {}) {
    return this.#request("POST", path, { ...options, body });
  }

  /**
   * @param {string} path
   * @param {object} body
   */
  put(path, body) {
    return this.#request("PUT", path, { body });
  }

  /**
   * @param {string} path
   * @param {RequestOptions} [options]
   */
  delete(path, options) {
    return this.#request("DELETE", path, options);
  }

  /**
   * Send a request that the server may hold back for up to `seconds`.
   * @param {string} path
   * @param {Query} query
   * @param {number} seconds
   * @param {AbortSignal} signal
   */
  poll(path, query, seconds, signal) {
    return this.get(path, { query, signal, seconds: seconds + POLL_GRACE_SECONDS });
  }

  /**
   * Return the URL of a path: below the Talk API, or below all APIs if it starts with "/".
   * @param {string} path
   */
  url(path) {
    return path.startsWith("/") ? this.#ocsUrl + path : `${this.#talkUrl}/${path}`;
  }

  /**
   * Send a request.
   *
   * Throws the reason of `signal` when that is aborted, ApiError when the server refuses,
   * and NetworkError when no response comes in time.
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions} [options]
   * @returns {Promise<ApiResponse>}
   */
  async #request(method, path, { query, body, signal, seconds, keepalive } = {}) {
    const search = query ? `?${new URLSearchParams(parameterPairs(query))}` : "";
    /** @type {Record<string, string>} */
    const headers = { "OCS-APIRequest": "true", Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    const controller = new AbortController();
    const abort = () => controller.abort(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort);
    const timer = setTimeout(() => controller.abort(), 1000 * (seconds ?? TIMEOUT_SECONDS));
    try {
      const response = await fetch(this.url(path) + search, {
        method,
        headers,
        body: body && JSON.stringify(body),
        signal: controller.signal,
        credentials: "same-origin",
        cache: "no-store",
        keepalive,
      });
      return await readResponse(response);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      signal?.throwIfAborted();
      throw new NetworkError();
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}

/**
 * Repeat the parameter for each value of a list.
 * @param {Query} query
 * @returns {string[][]}
 */
function parameterPairs(query) {
  return Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((item) => [name, String(item)]),
  );
}

/**
 * @param {Response} response
 * @returns {Promise<ApiResponse>}
 */
async function readResponse(response) {
  const { status, headers } = response;
  if (status === Status.NOT_MODIFIED) return { status, headers, data: [] };
  const isJson = headers.get("Content-Type")?.includes("json");
  const data = isJson ? (await response.json())?.ocs?.data : undefined;
  if (response.ok && data !== undefined) return { status, headers, data };
  const retryAfter = Number(headers.get("Retry-After")) || 0;
  throw new ApiError(response.ok ? Status.BAD_GATEWAY : status, data, retryAfter);
}
