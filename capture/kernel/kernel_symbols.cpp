// SPDX-License-Identifier: GPL-2.0-only
#include "capture/kernel/kernel_symbols.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>

namespace capture {
namespace {

// No function is longer. An address further behind the last one is of a module loaded since.
constexpr uint64_t kLongestFunction = 1U << 20;

}  // namespace

pcapng::Result<KernelSymbols> KernelSymbols::read() {
    std::ifstream file("/proc/kallsyms");
    if (!file) {
        return pcapng::errno_error("open /proc/kallsyms", errno);
    }
    return parse(file);
}

std::optional<KernelSymbol> parse_symbol(std::string_view line) {
    KernelSymbol symbol;
    const char* const end = line.data() + line.size();
    const auto [rest, error] = std::from_chars(line.data(), end, symbol.address, 16);
    if (error != std::errc() || end - rest < 4 || rest[0] != ' ' || rest[2] != ' ') {
        return std::nullopt;
    }
    symbol.type = rest[1];
    symbol.name = std::string_view(rest + 3, static_cast<size_t>(end - rest - 3));
    symbol.name = symbol.name.substr(0, symbol.name.find_first_of("\t "));
    return symbol;
}

KernelSymbols KernelSymbols::parse(std::istream& lines) {
    KernelSymbols symbols;
    std::string line;
    while (std::getline(lines, line)) {
        const auto symbol = parse_symbol(line);
        if (!symbol || symbol->address == 0 ||
            std::string_view("tTwW").find(symbol->type) == std::string_view::npos) {
            continue;
        }
        symbols.functions_.emplace_back(symbol->address,
                                        static_cast<uint32_t>(symbols.names_.size()));
        symbols.names_.append(symbol->name);
        symbols.names_ += '\0';
    }
    // Of several names of one address, the first.
    std::stable_sort(symbols.functions_.begin(), symbols.functions_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const auto last = std::unique(symbols.functions_.begin(), symbols.functions_.end(),
                                  [](const auto& a, const auto& b) { return a.first == b.first; });
    symbols.functions_.erase(last, symbols.functions_.end());
    symbols.functions_.shrink_to_fit();
    symbols.names_.shrink_to_fit();
    return symbols;
}

std::string_view KernelSymbols::function_at(uint64_t address) const {
    const auto after =
        std::upper_bound(functions_.begin(), functions_.end(), address,
                         [](uint64_t wanted, const auto& one) { return wanted < one.first; });
    if (after == functions_.begin()) {
        return {};
    }
    const auto& [begin, name] = *std::prev(after);
    return address - begin < kLongestFunction ? name_of(name) : std::string_view();
}

std::optional<std::pair<uint64_t, uint64_t>> KernelSymbols::addresses_of(
    std::string_view name) const {
    const auto found =
        std::find_if(functions_.begin(), functions_.end(),
                     [&](const auto& function) { return name_of(function.second) == name; });
    if (found == functions_.end()) {
        return std::nullopt;
    }
    const auto next = std::next(found);
    const uint64_t longest = found->first + kLongestFunction;
    return std::pair(found->first,
                     next == functions_.end() ? longest : std::min(next->first, longest));
}

}  // namespace capture
