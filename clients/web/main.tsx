import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { language } from './messages/messages.ts';
import { SessionProvider } from './session.tsx';

const place = document.querySelector('#page');
if (place === null) throw new Error('The page has no place.');
document.documentElement.lang = language;
createRoot(place).render(
  <StrictMode>
    <SessionProvider>
      <App />
    </SessionProvider>
  </StrictMode>,
);
