import { useQuery, useSubscription } from '@apollo/client/react';
import { JobDocument, JobEventsDocument } from '@phonograph/client/operations';
import { segmentsAfter } from '@phonograph/client/transcript';
import { useReducer } from 'react';

/** A job as it is now, with its transcript as it comes. */
export function JobPage({ id }: { readonly id: string }) {
  const { data, error } = useQuery(JobDocument, { variables: { id } });
  const [segments, add] = useReducer(segmentsAfter, []);
  // Each event carries the job as it is, which the cache knows by its id: status and progress below follow by themselves.
  const { error: lost } = useSubscription(JobEventsDocument, {
    variables: { id, after: 0 },
    ignoreResults: true,
    onData: ({ data: { data: item } }) => item && add(item.jobEvents),
  });
  const problem = error ?? lost;
  if (problem) return <p role="alert">{problem.message}</p>;
  if (!data) return <p>Loading</p>;
  if (!data.job) return <p role="alert">There is no such job.</p>;
  const { title, media, status, progress } = data.job;
  return (
    <main>
      <h1>{title ?? media.name}</h1>
      <p role="status">{status}</p>
      <progress value={progress.fraction} />
      <ol>
        {segments.map(({ index, text }) => (
          <li key={index} value={index}>
            {text}
          </li>
        ))}
      </ol>
    </main>
  );
}
