/** A tab of GraphiQL. */
interface Tab {
  readonly query: string;
  readonly variables?: string;
}

/** Variables that name no job yet; the page puts in the newest. */
export const noJob = '{ "id": "" }';

/** What GraphiQL opens with: each tab is one operation, which runs as it is, in lines that its pane has room for. */
export const firstSteps: readonly Tab[] = [
  {
    query: `# Run it (Ctrl-Enter), then run "Transcribe":
# every job that changes, as it changes.
subscription Watch {
  jobChanged {
    id
    status
    progress { stage fraction }
    transcript
  }
}
`,
  },
  {
    query: `# Give a path under a media root of the server.
mutation Transcribe {
  transcribe(input: {
    media: { path: "jfk.flac" }
  }) {
    __typename
    ... on TranscribeSuccess {
      job { id status }
    }
    ... on Error { code message hint }
  }
}
`,
  },
  {
    query: `# Every event of a job, the stored ones first;
# with after: N what came after event N.
# The variables, below, name the newest job.
subscription Follow($id: ID!) {
  jobEvents(id: $id) {
    __typename
    seq
    ... on JobStatusChanged { status }
    ... on JobProgressed {
      progress { stage fraction etaSeconds }
    }
    ... on JobLanguageDetected {
      language { code probability }
    }
    ... on JobSegmentsAdded {
      segments { startSeconds endSeconds text }
    }
  }
}
`,
    variables: noJob,
  },
  {
    query: `# The server, and its newest jobs. For what each
# field means: the book on the left.
query Overview {
  server {
    version
    status
    engine { ready fasterWhisper problem }
    queue { queued working slots }
  }
  jobs(first: 10) {
    totalCount
    edges {
      node {
        id
        status
        media { name durationSeconds }
        progress { stage fraction }
        transcript
      }
    }
  }
}
`,
  },
];
