// Loaded before a worker: no write of it proves its lease. What is done to a fleet must not come right with it.
import './unwatched.ts';
import { Client } from 'pg';

const fence = /exists \(select "attempt"\."number" from "attempt" where .*?"attempt"\."finished_at" is null\)/u;

// oxlint-disable-next-line typescript/unbound-method -- it is called on what the proxy is called on
Client.prototype.query = new Proxy(Client.prototype.query, {
  apply: (query, client, [text, ...others]: readonly unknown[]) =>
    Reflect.apply(query, client, [typeof text === 'string' ? text.replace(fence, '($& or true)') : text, ...others]),
});
