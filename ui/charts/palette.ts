/** Colours of the canvas, which cannot read CSS custom properties; the same values as in styles/tokens.css. */
export interface Palette {
  readonly bg1: string;
  readonly line1: string;
  readonly line2: string;
  readonly ink1: string;
  readonly ink2: string;
  readonly ink3: string;
  readonly band: string;
  readonly flow: string;
  readonly water: string;
  readonly amber: string;
  readonly amberText: string;
  readonly loss: string;
  readonly lossText: string;
  readonly p50: string;
  readonly p95: string;
  readonly p99: string;
  readonly incidentOpacity: number;
}

export const PALETTES: Readonly<Record<'dark' | 'light', Palette>> = {
  dark: {
    bg1: '#13181b',
    line1: '#232b30',
    line2: '#354046',
    ink1: '#e9eef0',
    ink2: '#aab5bb',
    ink3: '#849198',
    band: '#aab5bb',
    flow: '#4f6e79',
    water: '#4e9db3',
    amber: '#f5b83d',
    amberText: '#f5b83d',
    loss: '#ff6a4a',
    lossText: '#ff8468',
    p50: '#2f7f97',
    p95: '#5fb4c9',
    p99: '#e3f4f6',
    incidentOpacity: 0.07,
  },
  light: {
    bg1: '#ffffff',
    line1: '#e1e6e8',
    line2: '#c6cfd2',
    ink1: '#11181b',
    ink2: '#445158',
    ink3: '#5f6c73',
    band: '#44515a',
    flow: '#82979f',
    water: '#3c8fa6',
    amber: '#c07f00',
    amberText: '#804800',
    loss: '#b52400',
    lossText: '#a82200',
    p50: '#5098ab',
    p95: '#1f738c',
    p99: '#0a3945',
    incidentOpacity: 0.08,
  },
};

export const SANS =
  "Inter, -apple-system, 'Segoe UI', Roboto, system-ui, 'Noto Sans', 'Liberation Sans', Arial, sans-serif";
