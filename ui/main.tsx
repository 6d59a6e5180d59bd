import { render } from 'preact';
import { App } from './app.tsx';
import { startState } from './state.ts';
import './styles/tokens.css';
import './styles/page.css';
import './styles/map.css';
import './styles/chart.css';
import './styles/overview.css';
import './styles/detail.css';
import './styles/trace.css';

startState();
render(<App />, document.getElementById('root') as HTMLElement);
