import {
  labelOf,
  type Speaker as SpeakerShape,
  type StoredSegment,
  type Word as WordShape,
} from '#src/jobs/transcript.ts';
import { builder } from './builder.ts';

const Word = builder.objectRef<WordShape>('Word').implement({
  description: 'One word with its time, where wordTimestamps or diarize was asked for.',
  fields: (t) => ({
    startSeconds: t.exposeFloat('startSeconds', { description: 'Begin, in seconds from the start of the recording.' }),
    endSeconds: t.exposeFloat('endSeconds', { description: 'End, in seconds from the start of the recording.' }),
    text: t.exposeString('text', {
      description: 'The word with its punctuation, without the spaces around it.',
    }),
    probability: t.exposeFloat('probability', {
      description: 'How sure the model is, 0 to 1; 1 for words that somebody wrote.',
    }),
    speaker: t.exposeString('speaker', { nullable: true, description: 'Who speaks; null where it is not known.' }),
  }),
});

export const Segment = builder.objectRef<StoredSegment>('Segment').implement({
  description: 'Timed text of subtitle size. Times stand on the time line of the recording.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'Of its job, the number of JobTranscriptCleared before it, and its index: for client caches.',
    }),
    index: t.exposeInt('index', { description: '0, 1, 2 ... within the job, no gaps.' }),
    startSeconds: t.exposeFloat('startSeconds', { description: 'Begin, in seconds from the start of the recording.' }),
    endSeconds: t.exposeFloat('endSeconds', { description: 'End, in seconds from the start of the recording.' }),
    text: t.exposeString('text', { description: 'What is said.' }),
    language: t.exposeString('language', {
      nullable: true,
      description: "Code of the language, set where it differs from the job's (multilingual).",
    }),
    speaker: t.exposeString('speaker', {
      nullable: true,
      description:
        'Who speaks: the key of one of Job.speakers; null where it is not known. With channels SPLIT the number of the channel.',
    }),
    avgLogProbability: t.exposeFloat('avgLogProbability', {
      nullable: true,
      description: 'Mean log probability of the tokens; nearer to 0 is surer.',
    }),
    noSpeechProbability: t.exposeFloat('noSpeechProbability', {
      nullable: true,
      description: 'How likely the model thinks that nobody speaks here, 0 to 1.',
    }),
    guard: t.exposeString('guard', {
      nullable: true,
      description: 'What a quality guard did here, such as LOOP_RETRIED, TAIL_RECOVERED, SPLIT; null for most.',
    }),
    originalText: t.string({
      nullable: true,
      description: 'What the engine heard, where somebody has changed the text since; null elsewhere.',
      resolve: ({ originalText }) => originalText ?? null,
    }),
    words: t.expose('words', {
      type: [Word],
      nullable: true,
      description: 'The words with their times; null unless wordTimestamps or diarize was asked for.',
    }),
  }),
});

export const Speaker = builder.objectRef<SpeakerShape>('Speaker').implement({
  description: 'Who speaks in a transcript.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Of its job and its key: for client caches.' }),
    key: t.exposeString('key', { description: 'What Segment.speaker and Word.speaker hold, such as 1.' }),
    name: t.exposeString('name', { nullable: true, description: 'Given by renameSpeaker; null where nobody has.' }),
    label: t.string({ description: 'The name, else Speaker and the key: for showing it.', resolve: labelOf }),
    speakingSeconds: t.exposeFloat('speakingSeconds', {
      description: 'How long the segments are together that are said by this one.',
    }),
  }),
});

export const SegmentConnection = builder.connectionObject(
  { type: Segment, name: 'SegmentConnection', description: 'A page of segments.' },
  { name: 'SegmentEdge', description: 'A segment with its place in the list.' },
);
