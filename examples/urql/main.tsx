import { cacheConfig } from '@phonograph/client/graphcache';
import { openSocket } from '@phonograph/client/resuming';
import { cacheExchange } from '@urql/exchange-graphcache';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Client, fetchExchange, Provider, subscriptionExchange } from 'urql';
import { JobPage } from './job-page.tsx';

// Such as ?job=job_V1StGXR8_Z5jdHi6B-myT
const parameters = new URLSearchParams(location.search);
const server = parameters.get('server') ?? 'http://127.0.0.1:4000';

const socket = openSocket({ url: `${server.replace(/^http/u, 'ws')}/graphql` });
const client = new Client({
  url: `${server}/graphql`,
  preferGetMethod: false,
  exchanges: [
    cacheExchange(cacheConfig),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
});

createRoot(document.body.appendChild(document.createElement('div'))).render(
  <StrictMode>
    <Provider value={client}>
      <JobPage id={parameters.get('job') ?? ''} />
    </Provider>
  </StrictMode>,
);
