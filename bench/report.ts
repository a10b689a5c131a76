/** A table as it stands in the results: columns of numbers stand on the right. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Bars from zero, or lines over time. */
export type Chart = BarChart | LineChart;

export interface BarChart {
  readonly kind: "bars";
  /** Of the file, without ".svg". */
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly { readonly label: string; readonly value: number }[];
  /** The bars of dockspool stand out. */
  readonly ours: (label: string) => boolean;
}

export interface LineChart {
  readonly kind: "lines";
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly x: string;
  /** Both axes in powers of ten. */
  readonly logarithmic?: boolean;
  readonly series: readonly {
    readonly label: string;
    /** In pixels; default 2. A wide one is still to be seen beneath another that is equal. */
    readonly width?: number;
    readonly points: readonly (readonly [number, number])[];
  }[];
}

/** What a row of the benchmark has found. */
export interface Section {
  readonly row: number;
  readonly title: string;
  /** Paragraphs before the tables: what was done, how often. */
  readonly text: readonly string[];
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  /** Ratios that are broken whatever the machine is; empty where all is well. */
  readonly broken: readonly string[];
}
