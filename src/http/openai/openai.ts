import type { Context } from '#resolvers/context.ts';
import { RequestError } from '../../errors.ts';
import { transcriptionModes } from '../../jobs/job.ts';
import { answer, answerEarly } from '../answer.ts';
import { preflightSeconds, refuseOtherSites, refuseWith } from '../request-checks.ts';
import { OpenaiError, refusalOf } from './errors.ts';
import { whisper1 } from './fields.ts';
import { answerSpeech, type OpenaiRequest } from './speech.ts';

/** Answers calls of OpenAI's API: POST /v1/audio/transcriptions and /v1/audio/translations, GET /v1/models and /v1/models/ID. */
export async function answerOpenai(asked: OpenaiRequest): Promise<void> {
  const { request, response } = asked;
  response.setHeader('access-control-expose-headers', 'retry-after, x-request-id');
  const fromOthers = refuseOtherSites(request);
  if (fromOthers !== null) return refuseWith(request, response, fromOthers);
  if (request.method === 'OPTIONS') {
    // The SDKs send headers of their own.
    response.setHeader('access-control-allow-headers', 'authorization, *');
    response.setHeader('access-control-allow-methods', 'GET, POST');
    response.setHeader('access-control-max-age', String(preflightSeconds));
    response.writeHead(204).end();
    return;
  }
  try {
    await answerCall(asked);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    // Whoever sent no more was answered already.
    if (response.headersSent) return;
    if (refusal.retryable !== undefined) response.setHeader('x-should-retry', String(refusal.retryable));
    answerEarly(request, response, refusal);
  }
}

const calls = /^\/v1\/(?:audio\/(?<speech>transcriptions|translations)|models(?:\/(?<model>[^/]+))?)$/u;

async function answerCall(asked: OpenaiRequest): Promise<void> {
  const { request, response, context } = asked;
  const [path = ''] = (request.url ?? '').split('?', 1);
  const call = calls.exec(path)?.groups;
  if (call === undefined) {
    const message = 'There are /v1/audio/transcriptions, /v1/audio/translations and /v1/models.';
    throw new RequestError('NOT_FOUND', message);
  }
  const { speech, model } = call;
  const method = speech === undefined ? 'GET' : 'POST';
  if (request.method !== method) {
    response.setHeader('allow', method);
    throw new OpenaiError({ status: 405, code: 'BAD_USER_INPUT', message: `${path} is for ${method}.` });
  }
  if (speech !== undefined) return answerSpeech(asked, speech === 'translations' ? 'TRANSLATE' : 'TRANSCRIBE');
  return answerModels(asked, await namesOf(context), model);
}

/** What `model` may be now. */
async function namesOf({
  config,
  settings,
  models,
}: Pick<Context, 'config' | 'settings' | 'models'>): Promise<readonly string[]> {
  const installed = (await models.list()).filter((model) => model.installed).map(({ id }) => id);
  const { modes } = config.transcription;
  const usable = transcriptionModes.filter((mode) => installed.includes(modes[mode].model));
  return [...(usable.includes(settings.current().mode) ? [whisper1] : []), ...usable, ...installed];
}

function answerModels({ response }: OpenaiRequest, names: readonly string[], wanted: string | undefined): void {
  // When a model was made is not known.
  const data = names.map((id) => ({ id, object: 'model', created: 0, owned_by: 'phonograph' }));
  if (wanted === undefined) return answer(response, 200, { object: 'list', data });
  const found = data.find(({ id }) => id === wanted);
  if (found !== undefined) return answer(response, 200, found);
  const message = `There is no model of this name; there are ${names.join(', ')}.`;
  throw new OpenaiError({ status: 404, code: 'MODEL_NOT_INSTALLED', message, param: 'model' });
}
