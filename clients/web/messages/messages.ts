import { de } from './de.ts';
import { en, type Messages } from './en.ts';

/** The languages of the page; the first is for those who read none of the others. */
const languages: Readonly<Record<string, Messages>> = { en, de };

/** The language of the page: the first of the reader's that it knows. */
export const language =
  navigator.languages.map((each) => each.split('-', 1)[0] ?? '').find((each) => each in languages) ?? 'en';

/** What the page says. */
export const t: Messages = languages[language] ?? en;

/** Numbers, dates and times as the reader writes them; where the page speaks another language, as that one does. */
export const locale = navigator.languages.find((each) => each.startsWith(language)) ?? language;
