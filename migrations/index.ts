import type { Migration } from 'kysely/migration';
import { first } from './0001-first.ts';
import { jobLists } from './0002-job-lists.ts';
import { logSize } from './0003-log-size.ts';
import { search } from './0004-search.ts';
import { reuse } from './0005-reuse.ts';
import { searchBeginnings } from './0006-search-beginnings.ts';
import { mediaKeys, type KnownRoot } from './0007-media-keys.ts';
import { jobOwner } from './0008-job-owner.ts';
import { apiKeys } from './0009-api-keys.ts';
import { mediaTracks } from './0010-media-tracks.ts';
import { mediaPeaks } from './0011-media-peaks.ts';
import { deletedAudio } from './0012-deleted-audio.ts';
import { settling } from './0013-settling.ts';
import { jobChanges } from './0014-job-changes.ts';
import { clearedTranscripts } from './0015-cleared-transcripts.ts';
import { downloads } from './0016-downloads.ts';
import { webhooks } from './0017-webhooks.ts';
import { jobTraces } from './0018-job-traces.ts';
import { edits } from './0019-edits.ts';
import { speakers } from './0020-speakers.ts';
import { workers } from './0021-workers.ts';
import { queuePlaces } from './0022-queue-places.ts';
import { detections } from './0023-detections.ts';
import { postgresFirst } from './postgres/first.ts';
import { parts } from './0024-parts.ts';

/** Every migration, by name; `roots` are the media roots of the settings. Forward only: what has been released is never edited, renamed or removed. */
export function migrationsFor(roots: readonly KnownRoot[]): Readonly<Record<string, Migration>> {
  return {
    '0001-first': first,
    '0002-job-lists': jobLists,
    '0003-log-size': logSize,
    '0004-search': search,
    '0005-reuse': reuse,
    '0006-search-beginnings': searchBeginnings,
    '0007-media-keys': mediaKeys(roots),
    '0008-job-owner': jobOwner,
    '0009-api-keys': apiKeys,
    '0010-media-tracks': mediaTracks,
    '0011-media-peaks': mediaPeaks,
    '0012-deleted-audio': deletedAudio,
    '0013-settling': settling,
    '0014-job-changes': jobChanges,
    '0015-cleared-transcripts': clearedTranscripts,
    '0016-downloads': downloads,
    '0017-webhooks': webhooks,
    '0018-job-traces': jobTraces,
    '0019-edits': edits,
    '0020-speakers': speakers,
    '0021-workers': workers,
    '0022-queue-places': queuePlaces,
    '0023-detections': detections,
    '0024-parts': parts,
  };
}

/** Every migration of a database in PostgreSQL, by name. What comes after the first is written once for both. */
export const postgresMigrations: Readonly<Record<string, Migration>> = {
  '0023-postgres': postgresFirst,
  '0024-parts': parts,
};
