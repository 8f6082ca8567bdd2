#include "gateway/pipeline/log_watch.hpp"

#include <utility>

namespace millrace::gateway {

using engine::counter_kind;
using engine::counter_unit;

log_watch::log_watch(std::string name, const engine::log_writer& log, engine::counters_file& file)
    : name_("log " + name), log_(&log) {
    const std::string label = "log." + name + ".";
    const auto add = [&](engine::counter& target, const char* what, counter_kind kind,
                         counter_unit unit = counter_unit::items) {
        target = file.add_counter(label + what, kind, unit);
    };
    add(back_pressured_, "back_pressured", counter_kind::counter);
    add(no_space_, "no_space", counter_kind::counter);
    add(syncs_, "syncs", counter_kind::counter);
    add(sync_ns_max_, "longest_sync", counter_kind::maximum, counter_unit::nanoseconds);
    add(sync_failures_, "sync_failures", counter_kind::counter);
    add(lost_names_, "lost_names", counter_kind::counter);
    add(sidecar_failures_, "sidecar_failures", counter_kind::counter);
    add(is_space_low_, "is_space_low", counter_kind::gauge);
    add(is_durability_halted_, "is_durability_halted", counter_kind::gauge);
    add(durable_sequence_, "durable_sequence", counter_kind::gauge, counter_unit::sequence);
    add(sealed_sequence_, "sealed_sequence", counter_kind::gauge, counter_unit::sequence);
}

engine::storage_report log_watch::publish() {
    engine::storage_report report = log_->storage();
    back_pressured_.set(report.back_pressured_count);
    no_space_.set(report.no_space_count);
    syncs_.set(report.sync_count);
    sync_ns_max_.set(static_cast<std::uint64_t>(report.sync_ns_max));
    sync_failures_.set(report.sync_failure_count);
    lost_names_.set(report.lost_name_count);
    sidecar_failures_.set(report.sidecar_failure_count);
    is_space_low_.set(report.is_space_low ? 1 : 0);
    is_durability_halted_.set(report.is_durability_halted ? 1 : 0);
    durable_sequence_.set(log_->durable_sequence().value);
    sealed_sequence_.set(report.sealed_sequence.value);
    return report;
}

}  // namespace millrace::gateway
