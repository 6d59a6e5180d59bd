import { render } from 'preact';
import { App } from './app.tsx';
import { startState } from './state.ts';
import './styles/tokens.css';
import './styles/page.css';
import './styles/parts.css';
import './styles/map.css';
import './styles/chart.css';
import './styles/overview.css';
import './styles/first-run.css';
import './styles/search.css';
import './styles/stage.css';
import './styles/incident.css';
import './styles/explain.css';
import './styles/trace.css';
import './styles/narrow.css';

startState();
render(<App />, document.getElementById('root') as HTMLElement);
