//! A snapshot for scrapers: the text format of OpenMetrics 1.0, which
//! Prometheus reads.

use super::snapshot::{Counted, LATENCY_BOUNDS_US, LoopSnapshot, Snapshot};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;

/// The media type of the text.
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The text. Loops are told apart by a label.
pub(super) fn text(snapshot: Snapshot) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("pelton");
    registry.register_collector(Box::new(Seen(snapshot)));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Seen(Snapshot);

impl Collector for Seen {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Seen(all) = self;
        for (name, help, value) in [
            ("up_seconds", "Since the start.", all.up_s),
            (
                "pool_queue",
                "Jobs that wait for a thread of the pool.",
                all.queue as u64,
            ),
            (
                "buffer_bytes",
                "Buffers, in use or kept.",
                all.buffer_bytes as u64,
            ),
            (
                "buffer_bytes_max",
                "Buffers there may be.",
                all.buffer_bytes_max as u64,
            ),
            (
                "connections_max",
                "Connections there is room for.",
                all.connections_max as u64,
            ),
        ] {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        for family in FAMILIES {
            family.encode(&mut encoder, all)?;
        }
        latencies(&mut encoder, all)
    }
}

/// Numbers of one kind, of every loop.
struct Family {
    name: &'static str,
    help: &'static str,
    /// It only rises.
    counter: bool,
    /// What tells the numbers of one loop apart.
    label: &'static str,
    of: fn(&LoopSnapshot) -> Vec<(String, u64)>,
}

const FAMILIES: [Family; 6] = [
    Family {
        name: "connections",
        help: "Open connections by what they are at.",
        counter: false,
        label: "phase",
        of: |each| each.phases.iter().map(named).collect(),
    },
    Family {
        name: "events",
        help: "What has happened, by kind.",
        counter: true,
        label: "kind",
        of: |each| {
            let events = each.counts.iter().filter(|counted| !is_bytes(counted));
            events.map(named).collect()
        },
    },
    Family {
        name: "traffic_bytes",
        help: "Bytes received and sent.",
        counter: true,
        label: "kind",
        of: |each| each.counts.iter().filter(is_bytes).map(named).collect(),
    },
    Family {
        name: "closed",
        help: "Connections that have ended, by reason.",
        counter: true,
        label: "reason",
        of: |each| each.closed.iter().map(named).collect(),
    },
    Family {
        name: "lent",
        help: "Jobs under way, and buffers that connections and jobs have.",
        counter: false,
        label: "kind",
        of: |each| {
            vec![
                ("jobs".to_owned(), each.jobs),
                ("buffers".to_owned(), each.buffers),
            ]
        },
    },
    Family {
        name: "wheel_bucket",
        help: "Connections in each bucket of the timing wheel.",
        counter: false,
        label: "bucket",
        of: |each| {
            let buckets = each.wheel.iter().enumerate();
            let numbered = |(bucket, &count): (usize, &u64)| (bucket.to_string(), count);
            buckets.map(numbered).collect()
        },
    },
];

fn named(counted: &Counted) -> (String, u64) {
    (counted.name.to_owned(), counted.count)
}

fn is_bytes(counted: &&Counted) -> bool {
    counted.name.ends_with("_bytes")
}

impl Family {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>, all: &Snapshot) -> fmt::Result {
        let kind = if self.counter {
            MetricType::Counter
        } else {
            MetricType::Gauge
        };
        let mut family = encoder.encode_descriptor(self.name, self.help, None, kind)?;
        for (number, each) in all.loops.iter().enumerate() {
            for (value, count) in (self.of)(each) {
                let labels = [("loop", number.to_string()), (self.label, value)];
                let metric = family.encode_family(&labels)?;
                if self.counter {
                    ConstCounter::new(count).encode(metric)?;
                } else {
                    ConstGauge::new(count).encode(metric)?;
                }
            }
        }
        Ok(())
    }
}

fn latencies(encoder: &mut DescriptorEncoder<'_>, all: &Snapshot) -> fmt::Result {
    let help = "Requests by the time from being read to being answered.";
    let name = "request_seconds";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (number, each) in all.loops.iter().enumerate() {
        let bounds = LATENCY_BOUNDS_US.iter().map(|&us| us as f64 / 1e6);
        let buckets: Vec<(f64, u64)> = bounds
            .chain([f64::INFINITY])
            .zip(each.latency.iter().copied())
            .collect();
        let count = each.latency.iter().sum();
        let sum_s = each.latency_sum_us as f64 / 1e6;
        let labels = [("loop", number.to_string())];
        let mut metric = family.encode_family(&labels)?;
        metric.encode_histogram::<NoLabelSet>(sum_s, count, &buckets, None)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::LATENCY_BUCKETS;
    use super::*;

    #[test]
    fn every_number_has_its_line() {
        let one = |name| vec![Counted { name, count: 3 }];
        let each = LoopSnapshot {
            live: 3,
            phases: one("idle"),
            wheel: vec![0, 3, 0, 0, 0, 0, 0, 0],
            hand: 9,
            jobs: 1,
            buffers: 2,
            counts: one("requests"),
            closed: one("done"),
            latency: vec![1; LATENCY_BUCKETS],
            latency_sum_us: 2_500_000,
        };
        let text = text(Snapshot {
            up_s: 7,
            loops: vec![each.clone(), each],
            ..Snapshot::default()
        });
        let text = text.expect("nothing that cannot be written");
        for line in [
            "pelton_up_seconds 7",
            "pelton_connections{loop=\"0\",phase=\"idle\"} 3",
            "pelton_events_total{loop=\"1\",kind=\"requests\"} 3",
            "pelton_closed_total{loop=\"1\",reason=\"done\"} 3",
            "pelton_lent{loop=\"1\",kind=\"jobs\"} 1",
            "pelton_lent{loop=\"1\",kind=\"buffers\"} 2",
            "pelton_wheel_bucket{loop=\"0\",bucket=\"1\"} 3",
            "pelton_request_seconds_sum{loop=\"0\"} 2.5",
            "pelton_request_seconds_bucket{le=\"0.000004\",loop=\"0\"} 1",
            "pelton_request_seconds_bucket{le=\"+Inf\",loop=\"0\"} 24",
            "# EOF",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
    }
}
