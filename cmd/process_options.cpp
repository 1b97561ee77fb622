// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/process_options.h"

#include <fmt/format.h>

#include <limits>
#include <string_view>
#include <utility>

#include "cmd/values.h"
#include "packet/filter/glob.h"
#include "packet/line/terminal_text.h"

namespace cmd {
namespace {

using packet::Comparison;
using packet::glob_literal;
using packet::NumberField;
using packet::ProcessExpression;
using packet::TextField;
using pcapng::Error;

constexpr const char* kNoGroups =
    "--gid, gid: files record the users of processes, but not their groups; try --user";

constexpr uint64_t kPidMax = 1U << 22;  // PID_MAX_LIMIT of include/linux/threads.h

// Each *_value() makes an expression of one value of an option.
using Made = Result<ProcessExpression>;

Made comm_value(const std::string& text) {
    const size_t length = packet::glob_min_length(text);
    if (length > packet::kCommMax) {
        const std::string limit = fmt::format("--comm {}: the kernel keeps {} bytes of a name",
                                              packet::printable(text), packet::kCommMax);
        if (packet::is_glob(text)) {
            return Error{fmt::format("{}, and this needs {}", limit, length)};
        }
        return Error{fmt::format("{}; try --comm '{}'", limit,
                                 packet::printable(text.substr(0, packet::kCommMax)))};
    }
    return ProcessExpression::text(TextField::kComm, text);
}

Made exe_value(const std::string& text) {
    if (std::string_view("/*?[\\").find(text.front()) == std::string_view::npos) {
        return Error{fmt::format("--exe {}: a path begins with /; try --exe '*/{}'",
                                 packet::printable(text), packet::printable(text))};
    }
    return ProcessExpression::text(TextField::kExe, text);
}

Made cmdline_value(const std::string& text) {
    return ProcessExpression::text(TextField::kCmdline, text);
}

Made uid_value(const std::string& text) {
    const auto uid = parse_uid(text);
    if (!uid) {
        return uid.error();
    }
    return ProcessExpression::number(NumberField::kUid, Comparison::kEqual, *uid);
}

Made told_comm_value(const std::string& text) {
    return ProcessExpression::text(TextField::kComm, text);
}

Made told_user_value(const std::string& text) {
    const bool number = text.find_first_not_of("0123456789") == std::string::npos;
    return number ? uid_value(text)
                  : ProcessExpression::text(TextField::kUser, packet::glob_literal(text));
}

Made gid_value(const std::string& text) {
    const auto gid = parse_gid(text);
    if (!gid) {
        return gid.error();
    }
    return ProcessExpression::number(NumberField::kGid, Comparison::kEqual, *gid);
}

Made cgroup_value(const std::string& text) {
    static constexpr std::string_view kMount = "/sys/fs/cgroup/";
    if (packet::is_glob(text)) {
        return ProcessExpression::text(TextField::kCgroup, text);
    }
    if (!text.starts_with('/') || text.starts_with(kMount)) {
        return Error{
            fmt::format("--cgroup {}: write the path as /proc/PID/cgroup does: from the "
                        "root of cgroup v2, beginning with /, without its mount point",
                        packet::printable(text))};
    }
    const std::string path = packet::glob_literal(text.substr(0, text.find_last_not_of('/') + 1));
    ProcessExpression below = ProcessExpression::text(TextField::kCgroup, path + "/*");
    if (path.empty()) {
        return below;
    }
    return ProcessExpression::any_of(
        {ProcessExpression::text(TextField::kCgroup, path), std::move(below)});
}

Made container_value(const std::string& text) {
    return ProcessExpression::text(TextField::kContainer,
                                   text == "*" ? "?*" : packet::glob_literal(text) + "*");
}

// An unknown text is empty, which "*" would match.
ProcessExpression known_text(TextField field, const std::string& pattern) {
    return ProcessExpression::all_of(
        {ProcessExpression::text(field, pattern), ProcessExpression::text(field, "?*")});
}

Made container_name_value(const std::string& text) {
    return known_text(TextField::kContainerName, text);
}

Made image_value(const std::string& text) {
    return known_text(TextField::kContainerImage, text);
}

Made pod_value(const std::string& text) {
    const size_t slash = text.find('/');
    if (slash == std::string::npos) {
        return known_text(TextField::kPodName, text);
    }
    const std::string space = text.substr(0, slash);
    const std::string name = text.substr(slash + 1);
    if (space.empty() || name.empty()) {
        return Error{fmt::format("--pod {}: write NAMESPACE/NAME, or NAME alone; * is any",
                                 packet::printable(text))};
    }
    return ProcessExpression::all_of(
        {known_text(TextField::kPodNamespace, space), known_text(TextField::kPodName, name)});
}

Made unit_value(const std::string& text) {
    if (packet::is_glob(text)) {
        return ProcessExpression::text(TextField::kUnit, text);
    }
    const std::string name = packet::glob_literal(text);
    ProcessExpression as_is = ProcessExpression::text(TextField::kUnit, name);
    if (text.find('.') != std::string::npos) {
        return as_is;
    }
    return ProcessExpression::any_of(
        {std::move(as_is), ProcessExpression::text(TextField::kUnit, name + ".service")});
}

Made process_value(const std::string& text) {
    auto parsed = packet::parse_process_expression(text);
    if (const auto* error = std::get_if<packet::SyntaxError>(&parsed)) {
        return Error{syntax_message(text, *error)};
    }
    return std::get<ProcessExpression>(std::move(parsed));
}

// Collects what the options say, up to the first error.
class Collector {
  public:
    // Calls make(text) for each value, without its "!"; it returns a Result. Then
    // take(text, made, excluded).
    template <typename Make, typename Take>
    void each(std::string_view option, const std::vector<std::string>& values, Make make,
              Take take) {
        for (const std::string& value : values) {
            const bool excluded = value.starts_with('!');
            const std::string text = value.substr(excluded ? 1 : 0);
            if (error_) {
                return;
            }
            if (text.empty()) {
                error_ = Error{fmt::format("{}: the value is empty", option)};
                return;
            }
            auto made = make(text);
            if (made) {
                take(text, *std::move(made), excluded);
            } else {
                error_ = std::move(made).error();
            }
        }
    }

    void option(std::string_view name, const std::vector<std::string>& values,
                Made (*make)(const std::string&)) {
        std::vector<ProcessExpression> wanted;
        each(name, values, make,
             [&](const std::string& text, ProcessExpression&& made, bool excluded) {
                 if (excluded) {
                     require(ProcessExpression::negation(made));
                 } else {
                     selections_.push_back(
                         {fmt::format("{} {}", name, packet::printable(text)), made});
                     wanted.push_back(std::move(made));
                 }
             });
        if (!wanted.empty()) {
            require(ProcessExpression::any_of(std::move(wanted)));
        }
    }

    // A number of a process: those that are wanted go to `wanted`.
    void pid_option(std::string_view name, const std::vector<std::string>& values,
                    ProcessExpression (*make)(uint32_t), uint64_t largest,
                    std::vector<uint32_t>& wanted) {
        const auto parse = [name, largest](const std::string& text) {
            return parse_number(name, text, 1, largest);
        };
        each(name, values, parse, [&](const std::string&, uint64_t number, bool excluded) {
            const auto pid = static_cast<uint32_t>(number);
            if (excluded) {
                require(ProcessExpression::negation(make(pid)));
            } else {
                wanted.push_back(pid);
            }
        });
    }

    void require(ProcessExpression expression) { required_.push_back(std::move(expression)); }

    std::vector<packet::ProcessSelection> take_selections() { return std::move(selections_); }

    Result<ProcessExpression> result() && {
        if (error_) {
            return *std::move(error_);
        }
        return ProcessExpression::all_of(std::move(required_));
    }

  private:
    std::vector<ProcessExpression> required_;
    std::vector<packet::ProcessSelection> selections_;
    std::optional<Error> error_;
};

std::vector<ProcessExpression> made_of(const std::vector<uint32_t>& pids,
                                       ProcessExpression (*make)(uint32_t)) {
    std::vector<ProcessExpression> made;
    made.reserve(pids.size());
    for (const uint32_t pid : pids) {
        made.push_back(make(pid));
    }
    return made;
}

}  // namespace

std::string syntax_message(std::string_view text, const packet::SyntaxError& error) {
    if (text.empty() || text.size() > packet::kExpressionMax) {
        return "--process: " + error.message;
    }
    // Everything but ASCII is escaped: only then do we know its columns on the terminal.
    std::string shown;
    size_t column = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        column = i == error.place ? shown.size() : column;
        const char c = text[i];
        if (c >= ' ' && c <= '~') {
            shown.push_back(c);
        } else {
            shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    column = error.place >= text.size() ? shown.size() : column;
    return fmt::format("--process: {}\n  {}\n  {}^", error.message, shown,
                       std::string(column, ' '));
}

Result<ProcessChoice> read_process_options(const ProcessOptionValues& values) {
    if (values.of_file && !values.gid.empty()) {
        return Error{kNoGroups};
    }
    ProcessChoice choice;
    choice.follow = values.follow;
    choice.pid_or_tree = values.pid_or_tree;
    const uint64_t largest =
        values.of_file ? uint64_t{std::numeric_limits<uint32_t>::max()} : kPidMax;
    Collector collector;
    collector.pid_option("--pid", values.pid, ProcessExpression::process, largest, choice.pids);
    collector.option("--comm", values.comm, values.of_file ? told_comm_value : comm_value);
    collector.option("--exe", values.exe, exe_value);
    collector.option("--cmdline", values.cmdline, cmdline_value);
    collector.option("--uid", values.uid, values.of_file ? told_user_value : uid_value);
    collector.option("--gid", values.gid, gid_value);
    collector.option("--cgroup", values.cgroup, cgroup_value);
    collector.option("--container", values.container, container_value);
    collector.option("--container-name", values.container_name, container_name_value);
    collector.option("--image", values.image, image_value);
    collector.option("--pod", values.pod, pod_value);
    collector.option("--unit", values.unit, unit_value);
    collector.pid_option("--tree", values.tree, ProcessExpression::tree, largest, choice.trees);
    for (const std::string& text : values.process) {
        // Not by option(): "!" means nothing here, and different expressions are joined by "and".
        Made made = process_value(text);
        if (!made) {
            return std::move(made).error();
        }
        collector.require(*std::move(made));
    }
    if (values.unattributed) {
        collector.require(ProcessExpression::unattributed());
    }
    if (values.kernel) {
        collector.require(ProcessExpression::kernel());
    }
    choice.selections = collector.take_selections();
    auto others = std::move(collector).result();
    if (!others) {
        return std::move(others).error();
    }
    choice.others = *std::move(others);
    if (values.of_file && choice.others.asks_about(NumberField::kGid)) {
        return Error{kNoGroups};
    }
    const ProcessExpression all = conditions_of(choice, std::nullopt).expression;
    if (values.follow && !values.command && all.is_always_true()) {
        return Error{
            "--follow needs the processes to follow: add --pid, --comm, --uid or the like; "
            "addresses are "
            "numbers without tcpdump's -f"};
    }
    if (values.unattributed || values.kernel) {
        const char* option = values.kernel ? "--kernel" : "--unattributed";
        if (values.follow) {
            return Error{
                fmt::format("{}: such packets have no process that --follow could follow", option)};
        }
        if (values.command || !all.can_hold_without_process()) {
            return Error{fmt::format(
                "{}: such packets have no process, and the other options ask for one", option)};
        }
    }
    return choice;
}

packet::ProcessConditions conditions_of(const ProcessChoice& choice,
                                        std::optional<uint32_t> command_pid) {
    std::vector<ProcessExpression> pids = made_of(choice.pids, ProcessExpression::process);
    std::vector<ProcessExpression> roots = made_of(choice.trees, ProcessExpression::tree);
    std::vector<ProcessExpression> all = {choice.others};
    if (command_pid) {
        // As one more value of --tree and of --pid.
        roots.push_back(ProcessExpression::tree(*command_pid));
    }
    if (command_pid || choice.pid_or_tree) {
        roots.insert(roots.end(), pids.begin(), pids.end());
        pids.clear();
    }
    for (std::vector<ProcessExpression>* alternatives : {&pids, &roots}) {
        if (!alternatives->empty()) {
            all.push_back(ProcessExpression::any_of(std::move(*alternatives)));
        }
    }
    return {ProcessExpression::all_of(std::move(all)), choice.follow};
}

}  // namespace cmd
