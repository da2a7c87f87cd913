import { detectSpeakers, editSegments, mergeSpeakers, renameSpeaker, revertSegments } from '#resolvers/editing.ts';
import { InvalidInputError, JobNotFoundError, JobStatusError } from '#src/errors.ts';
import type { Job as JobShape } from '#src/jobs/job.ts';
import type { Speaker as SpeakerShape } from '#src/jobs/transcript.ts';
import type { Edited } from '#src/store/store.ts';
import { checkedByResolver } from './bounds.ts';
import { builder } from './builder.ts';
import { Job } from './job.ts';
import { Segment, Speaker } from './segment.ts';

const SegmentEdit = builder.inputType('SegmentEdit', {
  description:
    'What is to change of a segment; absent = unchanged. A null or blank text and null times are refused: segments are not removed.',
  fields: (t) => ({
    index: t.int({ required: true, description: 'Which segment; each at most once.' }),
    text: t.string({
      extensions: checkedByResolver,
      description: 'What is said, at most 10,000 characters; spaces around it are dropped.',
    }),
    speaker: t.string({
      extensions: checkedByResolver,
      description: 'Who speaks: a key of Job.speakers or the next free number, at most 100 in all; null = nobody.',
    }),
    startSeconds: t.float({
      description:
        'Begin, in seconds from the start of the recording, to the millisecond: not before that of the segment before it, and not after that of the next.',
    }),
    endSeconds: t.float({
      description: 'End, in seconds from the start of the recording: after the begin, and not after the recording.',
    }),
  }),
});

const EditSegmentsSuccess = builder.objectRef<Edited>('EditSegmentsSuccess').implement({
  description: 'The transcript is so from now on.',
  fields: (t) => ({
    job: t.expose('job', { type: Job, description: 'The job.' }),
    segments: t.expose('segments', {
      type: [Segment],
      description:
        'The segments that were named, as they are now, in order; where all were reverted the first 500 that were changed: JobSegmentsChanged tells the others.',
    }),
  }),
});

const RenameSpeakerSuccess = builder
  .objectRef<{ readonly job: JobShape; readonly speaker: SpeakerShape }>('RenameSpeakerSuccess')
  .implement({
    description: 'The speaker is called so.',
    fields: (t) => ({
      job: t.expose('job', { type: Job, description: 'The job.' }),
      speaker: t.expose('speaker', { type: Speaker, description: 'The speaker.' }),
    }),
  });

/** Of two mutations, so that neither field can bring it. */
const EditSegmentsResult = builder.errorUnion('EditSegmentsResult', {
  description: 'The job, or why nothing was changed.',
  types: [EditSegmentsSuccess, JobNotFoundError, JobStatusError, InvalidInputError],
  resolveType: () => 'EditSegmentsSuccess',
});

const DetectSpeakersSuccess = builder.objectRef<{ readonly job: JobShape }>('DetectSpeakersSuccess').implement({
  description: 'The speakers are so from now on.',
  fields: (t) => ({ job: t.expose('job', { type: Job, description: 'The job.' }) }),
});

const DetectSpeakersResult = builder.errorUnion('DetectSpeakersResult', {
  description: 'The job, or why its speakers are as they were.',
  types: [DetectSpeakersSuccess, JobNotFoundError, JobStatusError, InvalidInputError],
  resolveType: () => 'DetectSpeakersSuccess',
});

const seenSeq =
  'lastEventSeq as the client has seen it: InvalidInputError where a JobTranscriptCleared came later, since indexes are others then. Absent = whatever the indexes are now.';

builder.mutationFields((t) => ({
  editSegments: t.field({
    authScopes: { write: true },
    type: EditSegmentsResult,
    description:
      'Changes text, times or speaker of segments of a job that has ended, all or none. It is an event (JobSegmentsChanged, several where the segments are long), is found by search, and stands in every format. Word times of unchanged words stay; those of new words lie between their neighbours. Of edits at the same time the last one holds for each segment. JobStatusError unless the job has ended.',
    args: {
      jobId: t.arg.id({ required: true, description: 'The job.' }),
      edits: t.arg({
        type: [SegmentEdit],
        required: true,
        extensions: checkedByResolver,
        description: 'What is to change, at most 500 segments.',
      }),
      seenSeq: t.arg({ type: 'SafeInt', description: seenSeq }),
    },
    resolve: (_, args, context) => editSegments(args, context),
  }),
  revertSegments: t.field({
    authScopes: { write: true },
    type: EditSegmentsResult,
    description:
      'Back to what the engine heard, in text, times and speaker (as they were told apart last, after merges); all segments where indexes is absent, at once however many they are. InvalidInputError where a segment would then begin out of order, because one beside it was moved.',
    args: {
      jobId: t.arg.id({ required: true, description: 'The job.' }),
      indexes: t.arg.intList({ description: 'Which segments; absent = all.' }),
      seenSeq: t.arg({ type: 'SafeInt', description: seenSeq }),
    },
    resolve: (_, args, context) => revertSegments(args, context),
  }),
  mergeSpeakers: t.field({
    authScopes: { write: true },
    type: DetectSpeakersResult,
    description:
      'All that some speakers said is said by one from then on: one person was taken for several. Of a job that has ended. JobSegmentsChanged and JobSpeakersChanged tell it; the keys that go are not given again before the speakers are told apart anew. The name is that of `into`.',
    args: {
      jobId: t.arg.id({ required: true, description: 'The job.' }),
      keys: t.arg.stringList({
        required: true,
        extensions: checkedByResolver,
        description: 'Who goes: at least one and at most 20 keys of Job.speakers, without `into`.',
      }),
      into: t.arg.string({ required: true, description: 'Who stays: a key of Job.speakers.' }),
      seenSeq: t.arg({ type: 'SafeInt', description: seenSeq }),
    },
    resolve: (_, args, context) => mergeSpeakers(args, context),
  }),
  detectSpeakers: t.field({
    authScopes: { write: true },
    type: DetectSpeakersResult,
    description:
      'Tells the speakers of a COMPLETED job with diarize apart again, with other bounds: seconds, without the recording; answers when it is done. Speakers and times that were set by hand, and merges, go; names stay where a speaker is mostly the same; edited text stays and is cut with its words. JobTranscriptCleared, JobSegmentsAdded and JobSpeakersChanged tell it, options show the new bounds. At most 20 times a job, with diarize only (InvalidInputError, field jobId). One at a time a job, two on a server; a server that ends meanwhile leaves everything as it was.',
    args: {
      jobId: t.arg.id({ required: true, description: 'The job.' }),
      minSpeakers: t.arg.int({ description: 'How many there are at least, 1 to 20; absent = not known.' }),
      maxSpeakers: t.arg.int({ description: 'How many there are at most, 1 to 20; absent = not known.' }),
    },
    resolve: (_, args, context) => detectSpeakers(args, context),
  }),
  renameSpeaker: t.field({
    authScopes: { write: true },
    type: RenameSpeakerSuccess,
    description:
      'Names a speaker, in every status of the job. Every format and Job.speakers show the name, JobSpeakersChanged tells it; segments and events hold keys.',
    args: {
      jobId: t.arg.id({ required: true, description: 'The job.' }),
      key: t.arg.string({ required: true, description: 'A key of Job.speakers.' }),
      name: t.arg.string({
        extensions: checkedByResolver,
        description: 'At least one and at most 100 characters; null = the label again.',
      }),
    },
    errors: {
      types: [JobNotFoundError, InvalidInputError],
      union: { name: 'RenameSpeakerResult', description: 'The speaker, or why it is not called so.' },
    },
    resolve: (_, args, context) => renameSpeaker(args, context),
  }),
}));
