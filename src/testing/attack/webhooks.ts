import assert from 'node:assert/strict';
import { type Attack, operate, passes, type Target } from './target.ts';

/** Ways to write an address of this machine, or of what clouds keep for it alone. */
const spellings: readonly string[] = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '017700000001',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[64:ff9b::7f00:1]',
  '0.0.0.0',
  '[::]',
  '169.254.169.254',
  '[fe80::1]',
  '100.64.0.1',
  '%31%32%37.0.0.1',
  '①②⑦.⓪.⓪.①',
];
const names = ['localhost', 'LOCALHOST', 'loc%61lhost'];

const create = `mutation ($input: CreateWebhookInput!) {
  createWebhook(input: $input) { __typename ... on CreateWebhookSuccess { webhook { id } } }
}`;

async function made(target: Target, url: string) {
  const { data } = await operate(target, create, { input: { url } });
  return data.createWebhook;
}

/** What is done by having the server call somebody. */
export const byWebhooks: readonly Attack[] = [
  {
    name: 'webhooks to the server itself, to loopback and to the network, however they are written',
    defence: 'addresses are refused as they come, and names where the connection is made (src/media/address-guard.ts)',
    async attack(target) {
      const { port } = new URL(target.url);
      for (const host of spellings) {
        const { __typename } = await made(target, `http://${host}:${port}/graphql`);
        assert.equal(__typename, 'InvalidInputError', host);
      }
      for (const host of names) {
        const { webhook } = await made(target, `http://${host}:${port}/graphql`);
        const query = `mutation { testWebhook(id: "${webhook.id}") { ... on TestWebhookSuccess { delivery { status problem } } } }`;
        const { data } = await operate(target, query);
        const { status, problem } = data.testWebhook.delivery;
        assert.equal(status, null, host);
        assert.match(problem, /within a private network/u);
        await passes(target, `mutation { deleteWebhook(id: "${webhook.id}") { __typename } }`);
      }
    },
    async twin(target) {
      const { webhook } = await made(target, 'https://93.184.215.14/hook');
      await passes(target, `mutation { deleteWebhook(id: "${webhook.id}") { __typename } }`);
    },
  },
];
