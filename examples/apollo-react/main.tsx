import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { ApolloProvider } from '@apollo/client/react';
import { cacheConfig } from '@phonograph/client/apollo';
import { openSocket } from '@phonograph/client/resuming';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { JobPage } from './job-page.tsx';

// Such as ?job=job_V1StGXR8_Z5jdHi6B-myT
const parameters = new URLSearchParams(location.search);
const server = parameters.get('server') ?? 'http://127.0.0.1:4000';

const socket = openSocket({ url: `${server.replace(/^http/u, 'ws')}/graphql` });
const client = new ApolloClient({
  cache: new InMemoryCache(cacheConfig),
  link: ApolloLink.split(
    ({ operationType }) => operationType === 'subscription',
    new GraphQLWsLink(socket),
    new HttpLink({ uri: `${server}/graphql` }),
  ),
});

createRoot(document.body.appendChild(document.createElement('div'))).render(
  <StrictMode>
    <ApolloProvider client={client}>
      <JobPage id={parameters.get('job') ?? ''} />
    </ApolloProvider>
  </StrictMode>,
);
